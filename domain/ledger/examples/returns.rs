//! Works out returns of portfolios it is told on standard input, a JSON array a line, for `compare.py` beside this file.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, Write};

use jiff::civil::Date;
use ledger::returns::{Flow, Prices, Xirr, days, returns, xirr};
use ledger::{Act, Event, Exchange, Fill, IncomeKind, Isin, Ledger, Place, Venue};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Case {
    Flows(Vec<(Date, Decimal)>),
    Portfolio(Portfolio),
}

/// One security: trades as (day, quantity with the sign of the side, amount, charges), dividends, closes.
#[derive(Deserialize)]
struct Portfolio {
    trades: Vec<(Date, Decimal, Decimal, Decimal)>,
    dividends: Vec<(Date, Decimal)>,
    closes: Vec<(Date, Decimal)>,
    from: Date,
    to: Date,
}

fn main() -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?)? {
            Case::Flows(flows) => {
                let flows: Vec<_> =
                    flows.into_iter().map(|(on, amount)| Flow { on, amount }).collect();
                rate(&xirr(&flows))
            }
            Case::Portfolio(portfolio) => work_out(portfolio)?,
        };
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

fn rate(found: &Xirr) -> Value {
    match found {
        Xirr::Rate(rate) => json!({ "rates": [rate] }),
        Xirr::Several(rates) => json!({ "rates": rates }),
        Xirr::Undefined(reason) => json!({ "rates": [], "reason": reason }),
    }
}

fn work_out(portfolio: Portfolio) -> Outcome<Value> {
    let place = Place { account: Uuid::nil(), isin: Isin::parse("INE925R01014")?, folio: None };
    let mut events = Vec::new();
    let mut event = |on, act| {
        let id = Uuid::from_u128(events.len() as u128 + 1);
        let reference = format!("{:06}", events.len()).into();
        events.push(Event { id, place: place.clone(), on, at: None, reference, act });
    };
    for (on, quantity, amount, charges) in portfolio.trades {
        let venue = Venue::Exchange(Exchange::Nse);
        let fill =
            Fill { quantity: quantity.abs(), amount, charges: Some(charges), stt: None, venue };
        event(on, if quantity > Decimal::ZERO { Act::Buy(fill) } else { Act::Sell(fill) });
    }
    for (on, gross) in portfolio.dividends {
        let (kind, tds, capital) = (IncomeKind::Dividend, Decimal::ZERO, Decimal::ZERO);
        event(on, Act::Income { kind, gross, tds, capital });
    }
    let ledger = Ledger::new(&events, &[]);
    let prices = Prices::new(HashMap::from([(place.isin, portfolio.closes)]));
    let found =
        returns(&days(&ledger, &events, &prices, (portfolio.from, portfolio.to), |_| true))?;
    let mut answer = rate(&found.xirr);
    answer["time_weighted"] = json!(found.time_weighted.map(|twr| twr.total.to_string()));
    Ok(answer)
}
