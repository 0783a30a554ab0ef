//! What Kite says of an account, as the tables of holdings and events have it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::civil::{Date, Time};
use kite::{Account, Fill, Holding, Position, owned};
use ledger::{Act, Isin};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};
use shared::Problem;
use statements::{Entry, Market, Place, zerodha_fill_key, zerodha_venue};
use stores::instruments::{Symbols, series};
use stores::transactions::record_row;

/// Rows for `imports.assert_holdings` and `transactions.record`.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Everything that is owned.
    pub(super) holdings: Vec<Value>,
    /// The day's fills for delivery.
    pub(super) fills: Vec<Value>,
    /// What is open, contracts among it.
    pub(super) positions: Vec<Value>,
    /// Symbols that no instrument has.
    pub(super) unknown: BTreeSet<String>,
    /// Whether every holding could be read: then what is not among them is gone.
    pub(super) complete: bool,
    /// The time of the day's last fill.
    pub(super) last_fill: Option<Time>,
}

/// The symbols of an account that may have to be looked up.
pub(super) fn symbols(account: &Account) -> impl Iterator<Item = &str> {
    let nameless = account.holdings.iter().filter(|holding| Isin::parse(&holding.isin).is_err());
    let holdings = nameless.map(|holding| holding.tradingsymbol.as_str());
    let positions = account.positions.iter().map(|position| position.tradingsymbol.as_str());
    let fills = account.fills.iter().map(|fill| fill.tradingsymbol.as_str());
    holdings.chain(positions).chain(fills)
}

/// Reads what Kite said on a day.
pub(super) fn read(account: &Account, known: &Symbols, today: Date) -> Result<Reading, Problem> {
    let complete = account.odd_holdings.is_empty();
    let mut reading = Reading { complete, ..Reading::default() };
    let odd = account.odd_holdings.iter().chain(&account.odd_trades);
    reading.unknown.extend(odd.map(|symbol| clean(symbol)));
    let names = Names::new(&account.holdings, known);
    let mut shares: BTreeMap<Isin, (Vec<&Holding>, Vec<&Position>)> = BTreeMap::new();
    for holding in &account.holdings {
        match Isin::parse(&holding.isin).ok().or_else(|| names.isin(&holding.tradingsymbol)) {
            Some(isin) => shares.entry(isin).or_default().0.push(holding),
            None => {
                reading.complete = false;
                reading.unknown.insert(clean(&holding.tradingsymbol));
            }
        }
    }
    let traded = Traded::of(account, today);
    for position in account.positions.iter().filter(|position| traded.made(position)) {
        match names.isin(&position.tradingsymbol) {
            Some(isin) => shares.entry(isin).or_default().1.push(position),
            None => drop(reading.unknown.insert(clean(&position.tradingsymbol))),
        }
    }
    for (isin, (holdings, positions)) in shares {
        let owned = owned(holdings.iter().copied(), positions.iter().copied());
        let name = holdings.first().map(|holding| holding.tradingsymbol.as_str());
        let name = name.or(positions.first().map(|position| position.tradingsymbol.as_str()));
        reading.holdings.push(json!({
            "isin": isin, "segment": "equity", "name": name.map(clean), "available": owned.available,
            "t1": owned.undelivered, "pledged": owned.pledged, "financed": owned.financed,
            "loan": (!owned.financed.is_zero()).then_some(owned.loan), "cost": owned.cost,
        }));
    }
    reading.funds(account);
    reading.positions = account.positions.iter().map(shown).collect();
    for fill in account.fills.iter().filter(|fill| traded.explains(fill, today)) {
        match names.isin(&fill.tradingsymbol) {
            Some(isin) => reading.fills.extend(event(fill, isin, today)?),
            None => drop(reading.unknown.insert(clean(&fill.tradingsymbol))),
        }
        let at = fill.at().filter(|(day, _)| *day == today).map(|(_, at)| at);
        reading.last_fill = reading.last_fill.max(at);
    }
    Ok(reading)
}

impl Reading {
    /// Units of funds; those of one scheme in two folios are one holding.
    fn funds(&mut self, account: &Account) {
        let mut funds: BTreeMap<Isin, (&str, Decimal, Decimal, Option<Decimal>)> = BTreeMap::new();
        for fund in &account.funds {
            let Ok(isin) = Isin::parse(&fund.tradingsymbol) else {
                self.complete = false;
                self.unknown.insert(clean(&fund.tradingsymbol));
                continue;
            };
            // Whether pledged units are among the others Kite does not say: the larger of the two is there at least.
            if fund.pledged_quantity > fund.quantity {
                tracing::info!(%isin, "more units are pledged than held: the pledged ones are taken for all");
            }
            let held = fund.quantity.max(fund.pledged_quantity).max(Decimal::ZERO);
            let paid = (!fund.average_price.is_zero()).then(|| fund.average_price * held);
            let none = (fund.fund.as_str(), Decimal::ZERO, Decimal::ZERO, Some(Decimal::ZERO));
            let (_, units, pledged, cost) = funds.entry(isin).or_insert(none);
            *units += held;
            *pledged += fund.pledged_quantity.clamp(Decimal::ZERO, held);
            *cost = cost.zip(paid).map(|(cost, paid)| cost + paid);
        }
        for (isin, (name, units, pledged, cost)) in funds {
            let cost = cost
                .map(|cost| cost.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero));
            self.holdings.push(json!({
                "isin": isin, "segment": "mutual_fund", "name": clean(name), "available": units - pledged,
                "t1": 0, "pledged": pledged, "financed": 0, "loan": null, "cost": cost,
            }));
        }
    }
}

/// What was traded today, by symbol and exchange.
struct Traded<'a> {
    /// Symbols with a fill of today.
    symbols: HashSet<&'a str>,
    /// By how much the delivered fills of today, and the positions, differ.
    differences: HashMap<(&'a str, &'a str), Decimal>,
}

impl<'a> Traded<'a> {
    fn of(account: &'a Account, today: Date) -> Self {
        let mut differences: HashMap<(&str, &str), Decimal> = HashMap::new();
        let of_today = |fill: &&Fill| fill.at().is_none_or(|(day, _)| day == today);
        for fill in account.fills.iter().filter(of_today).filter(|fill| fill.is_delivered()) {
            let bought = fill.is_purchase() == Some(true);
            let moved = if bought { fill.quantity } else { -fill.quantity };
            *differences.entry((&fill.tradingsymbol, &fill.exchange)).or_default() += moved;
        }
        for position in account.positions.iter().filter(|position| position.is_delivered()) {
            let held = position.quantity - position.overnight_quantity;
            *differences.entry((&position.tradingsymbol, &position.exchange)).or_default() -= held;
        }
        let symbols = account.fills.iter().filter(of_today);
        let symbols = symbols.map(|fill| fill.tradingsymbol.as_str()).collect();
        Self { symbols, differences }
    }

    /// Whether a position was made today, as far as fills tell: on a day without trading Kite may still show those of the
    /// last one, which are holdings by then. What was bought for the day and converted has a fill of the other product.
    fn made(&self, position: &Position) -> bool {
        !position.bought_today().is_zero() && self.symbols.contains(position.tradingsymbol.as_str())
    }

    /// Whether a fill is one for delivery and the delivered fills of its security come to what its positions say. They
    /// do not when something was converted to another product, or traded while Kite was asked: then the tradebook will
    /// tell.
    fn explains(&self, fill: &Fill, today: Date) -> bool {
        let of = (fill.tradingsymbol.as_str(), fill.exchange.as_str());
        let whole = self.differences.get(&of).is_none_or(Decimal::is_zero);
        fill.is_delivered() && (whole || fill.at().is_some_and(|(day, _)| day != today))
    }
}

/// A text of Kite's, as far as a database takes it.
fn clean(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(100).collect()
}

/// A position as it is shown again.
fn shown(position: &Position) -> Value {
    json!({
        "exchange": clean(&position.exchange), "symbol": clean(&position.tradingsymbol),
        "product": clean(&position.product),
        "quantity": position.quantity, "overnightQuantity": position.overnight_quantity,
        "multiplier": position.multiplier, "averagePrice": position.average_price,
        "lastPrice": position.last_price, "profit": position.profit(),
    })
}

/// ISINs by symbol: as the account's own holdings say, else as the exchange does.
struct Names<'a> {
    held: HashMap<&'a str, Isin>,
    known: &'a Symbols,
}

impl<'a> Names<'a> {
    fn new(holdings: &'a [Holding], known: &'a Symbols) -> Self {
        let held = holdings.iter().filter_map(|holding| {
            Some((holding.tradingsymbol.as_str(), Isin::parse(&holding.isin).ok()?))
        });
        Self { held: held.collect(), known }
    }

    fn isin(&self, symbol: &str) -> Option<Isin> {
        let held = self.held.get(symbol).copied();
        held.or_else(|| Isin::parse(self.known.isin(symbol)?).ok())
    }
}

/// A fill as an event, under the key that the tradebook will have for it; `None` of one that says too little.
fn event(fill: &Fill, isin: Isin, today: Date) -> Result<Option<Value>, Problem> {
    let Some(purchase) = fill.is_purchase() else { return Ok(None) };
    if fill.quantity <= Decimal::ZERO || fill.average_price < Decimal::ZERO {
        return Ok(None);
    }
    let (on, at) = fill.at().map_or((today, None), |(on, at)| (on, Some(at)));
    let (whole, exchange, id) =
        (clean(&fill.tradingsymbol), clean(&fill.exchange), clean(&fill.trade_id));
    let (symbol, suffix) =
        series(&whole).map_or((whole.as_str(), None), |(symbol, series)| (symbol, Some(series)));
    let made = ledger::Fill {
        quantity: fill.quantity,
        amount: fill.quantity * fill.average_price,
        charges: None,
        stt: None,
        venue: zerodha_venue(Market::Equity, Some(&exchange), suffix),
    };
    let side = if purchase { "buy" } else { "sell" };
    let day = on.to_string();
    let key = zerodha_fill_key(["EQ", &exchange, &day, isin.as_str(), side, &id]);
    let entry = Entry {
        place: Place { sheet: None, row: 0 },
        isin: Some(isin),
        symbol: Some(symbol.to_owned()),
        name: symbol.to_owned(),
        folio: None,
        market: Market::Equity,
        exchange: Some(exchange),
        series: suffix.map(str::to_owned),
        on,
        at,
        reference: id,
        key,
        act: if purchase { Act::Buy(made) } else { Act::Sell(made) },
    };
    record_row(&entry).map(Some)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 20);

    fn account(holdings: &str, positions: &str, fills: &str, funds: &str) -> Account {
        Account::of(
            serde_json::from_str(holdings).unwrap(),
            serde_json::from_str(positions).unwrap(),
            serde_json::from_str(fills).unwrap(),
            serde_json::from_str(funds).unwrap(),
        )
    }

    const HELD: &str = r#"[{"tradingsymbol": "INFY", "exchange": "NSE", "isin": "INE009A01021", "quantity": 10,
        "average_price": 1500}]"#;
    const BOUGHT: &str = r#"[{"tradingsymbol": "INFY", "exchange": "NSE", "product": "CNC", "quantity": 4,
        "average_price": 1600}]"#;

    fn fill(day: &str) -> String {
        format!(
            r#"[{{"trade_id": "77", "exchange": "NSE", "tradingsymbol": "INFY", "product": "CNC",
            "transaction_type": "BUY", "quantity": 4, "average_price": 1600, "fill_timestamp": "{day} 10:00:00"}}]"#
        )
    }

    #[test]
    fn todays_purchase_is_held_and_told_as_the_tradebook_will_tell_it() {
        let read =
            read(&account(HELD, BOUGHT, &fill("2026-11-20"), "[]"), &Symbols::default(), TODAY);
        let read = read.unwrap();
        assert_eq!(
            (&read.holdings[0]["available"], &read.holdings[0]["t1"]),
            (&json!("10"), &json!("4"))
        );
        assert_eq!(read.holdings[0]["cost"], "21400");
        assert_eq!(read.fills[0]["key"], "EQ|NSE|2026-11-20|INE009A01021|buy|77");
        assert!(read.complete && read.unknown.is_empty());
    }

    #[test]
    fn a_position_of_an_earlier_day_is_a_holding_by_now() {
        let fills = fill("2026-11-19");
        let read = read(&account(HELD, BOUGHT, &fills, "[]"), &Symbols::default(), TODAY).unwrap();
        assert_eq!(read.holdings[0]["t1"], "0");
        assert_eq!(read.fills[0]["on"], "2026-11-19");
    }

    #[test]
    fn a_symbol_that_nobody_knows_is_named_and_only_a_holding_without_isin_makes_it_less_than_complete()
     {
        let fills = fill("2026-11-20");
        let read =
            |holdings| read(&account(holdings, BOUGHT, &fills, "[]"), &Symbols::default(), TODAY);
        let bought = read("[]").unwrap();
        assert!(bought.complete && bought.unknown.contains("INFY") && bought.fills.is_empty());
        let held = read(r#"[{"tradingsymbol": "GHOST", "quantity": 1}]"#).unwrap();
        assert!(!held.complete && held.unknown.contains("GHOST"));
    }

    #[test]
    fn what_kite_says_of_an_odd_row_is_named_and_the_good_ones_are_read() {
        let held = r#"[{"tradingsymbol": "ZTKITE", "isin": "INEZT1B01014", "quantity": 10, "average_price": 90},
            {"tradingsymbol": "ODD", "isin": null, "quantity": 1}, {"tradingsymbol": "WORSE", "quantity": "one"}]"#;
        let read = read(&account(held, "[]", "[]", "null"), &Symbols::default(), TODAY).unwrap();
        assert_eq!((read.holdings.len(), &read.holdings[0]["available"]), (1, &json!("10")));
        assert!(!read.complete && read.unknown.contains("ODD") && read.unknown.contains("WORSE"));
    }

    #[test]
    fn units_that_are_all_pledged_are_held() {
        let funds = r#"[{"tradingsymbol": "INF204KB14I2", "fund": "Gold", "quantity": 0, "average_price": 10,
            "pledged_quantity": 100.5}]"#;
        let read = read(&account("[]", "[]", "[]", funds), &Symbols::default(), TODAY).unwrap();
        let fund = &read.holdings[0];
        assert_eq!((&fund["available"], &fund["pledged"]), (&json!("0.0"), &json!("100.5")));
        assert_eq!(fund["cost"], "1005.0");
    }

    #[test]
    fn units_of_a_scheme_in_two_folios_are_one_holding() {
        let funds = r#"[
            {"tradingsymbol": "INF204KB14I2", "fund": "Gold", "quantity": 1.5, "average_price": 10, "folio": "1"},
            {"tradingsymbol": "INF204KB14I2", "fund": "Gold", "quantity": 2.25, "average_price": 20,
             "pledged_quantity": 3, "folio": null},
            {"tradingsymbol": "INF204KB14I2", "fund": "Gold", "quantity": -1, "average_price": 20}]"#;
        let read = read(&account("[]", "[]", "[]", funds), &Symbols::default(), TODAY).unwrap();
        let fund = &read.holdings[0];
        assert_eq!(
            (&fund["available"], &fund["pledged"], &fund["cost"]),
            (&json!("1.5"), &json!("3"), &json!("75.0"))
        );
    }
}
