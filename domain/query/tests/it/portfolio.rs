//! A small portfolio, written in a line for each thing that happened.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use ledger::returns::Prices;
use ledger::tax::{AssetKind, Facts};
use ledger::{
    Act, Event, Exchange, Fill, Holding, IncomeKind, Isin, Ledger, Lots, Money, Place, Price,
    PricePoint, Quantity, Snapshot, Venue,
};
use portfolio_query::Query;
use portfolio_query::answer::{Account, Answer, Portfolio, Security, TooMuchWork};
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

pub(crate) const TODAY: &str = "2026-11-30";
pub(crate) const TCS: &str = "INE467B01029";
pub(crate) const INFY: &str = "INE009A01021";
/// It has no price and no sector.
pub(crate) const CMS: &str = "INE925R01014";
pub(crate) const ASHA: Uuid = Uuid::from_u128(1);
pub(crate) const RAVI: Uuid = Uuid::from_u128(2);

pub(crate) fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

pub(crate) fn number(text: &str) -> Decimal {
    text.parse().expect("a number")
}

pub(crate) fn isin(text: &str) -> Isin {
    Isin::parse(text).expect("an ISIN")
}

/// What happened, closes, and what is known of securities and accounts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    pub(crate) events: Vec<Event>,
    pub(crate) snapshots: Vec<Snapshot>,
    pub(crate) closes: HashMap<Isin, Vec<(Date, Decimal)>>,
    pub(crate) securities: HashMap<Isin, Security>,
    pub(crate) kinds: HashMap<Isin, AssetKind>,
    pub(crate) accounts: HashMap<Uuid, Account>,
    pub(crate) pledged: HashMap<Isin, Decimal>,
    pub(crate) benchmark: Vec<(Date, Decimal)>,
}

impl Book {
    pub(crate) fn security(
        mut self,
        of: &str,
        name: &str,
        symbol: Option<&str>,
        sector: Option<&str>,
        class: &str,
    ) -> Self {
        let security = Security {
            name: Some(name.into()),
            symbol: symbol.map(Into::into),
            sector: sector.map(Into::into),
            class: Some(class.into()),
            instrument_type: None,
        };
        self.securities.insert(isin(of), security);
        self
    }

    pub(crate) fn account(mut self, id: Uuid, label: &str, broker: &str, holder: Uuid) -> Self {
        let account = Account { label: label.into(), broker: broker.into(), holder };
        self.accounts.insert(id, account);
        self
    }

    pub(crate) fn index(mut self, closes: &[(&str, &str)]) -> Self {
        self.benchmark = closes.iter().map(|(on, close)| (day(on), number(close))).collect();
        self
    }

    pub(crate) fn act(mut self, on: &str, account: Uuid, of: &str, act: Act) -> Self {
        let number = self.events.len() as u128 + 1;
        self.events.push(Event {
            id: Uuid::from_u128(number),
            place: Place { account, isin: isin(of), folio: None },
            on: day(on),
            at: None,
            reference: format!("{number:04}").into(),
            act,
        });
        self
    }

    pub(crate) fn buy(
        self,
        on: &str,
        account: Uuid,
        of: &str,
        quantity: &str,
        price: &str,
    ) -> Self {
        self.act(on, account, of, Act::Buy(fill(quantity, price)))
    }

    pub(crate) fn sell(
        self,
        on: &str,
        account: Uuid,
        of: &str,
        quantity: &str,
        price: &str,
    ) -> Self {
        self.act(on, account, of, Act::Sell(fill(quantity, price)))
    }

    pub(crate) fn dividend(self, on: &str, account: Uuid, of: &str, gross: &str) -> Self {
        let (gross, none) = (number(gross), Decimal::ZERO);
        let act = Act::Income { kind: IncomeKind::Dividend, gross, tds: none, capital: none };
        self.act(on, account, of, act)
    }

    pub(crate) fn closes(mut self, of: &str, closes: &[(&str, &str)]) -> Self {
        let closes = closes.iter().map(|(on, close)| (day(on), number(close))).collect();
        self.closes.insert(isin(of), closes);
        self
    }

    pub(crate) fn stated(mut self, on: &str, account: Uuid, of: &str, quantity: &str) -> Self {
        let place = Place { account, isin: isin(of), folio: None };
        let (on, quantity) = (day(on), number(quantity));
        self.snapshots.push(Snapshot { place, on, at: None, quantity, cost: None });
        self
    }

    /// The answer to a query, today.
    pub(crate) fn ask(&self, query: &Value) -> Answer {
        self.try_ask(query).expect("little work")
    }

    pub(crate) fn try_ask(&self, query: &Value) -> Result<Answer, TooMuchWork> {
        let query = Query::read(query).unwrap_or_else(|faults| panic!("{query}: {faults:?}"));
        let ledger = Ledger::new(&self.events, &self.snapshots);
        let holdings = self.holdings(&ledger);
        query.answer(&self.portfolio(&ledger, &holdings))
    }

    fn portfolio<'a>(&'a self, ledger: &'a Ledger, holdings: &'a [Holding]) -> Portfolio<'a> {
        let kind = |(isin, kind): (&Isin, &AssetKind)| (*isin, vec![(Date::MIN, *kind)]);
        Portfolio {
            today: day(TODAY),
            ledger,
            events: &self.events,
            snapshots: &self.snapshots,
            every_snapshot: &self.snapshots,
            holdings,
            securities: self.securities.clone(),
            accounts: self.accounts.clone(),
            prices: Prices::new(self.closes.clone()),
            benchmark: self.benchmark.clone(),
            tax: Facts { kinds: self.kinds.iter().map(kind).collect(), ..Facts::default() },
        }
    }

    fn holdings(&self, ledger: &Ledger) -> Vec<Holding> {
        let places = ledger.places.iter().zip(&ledger.positions);
        let held = places.filter(|(_, position)| !position.quantity.is_zero());
        held.map(|(place, position)| Holding {
            account: place.account,
            isin: place.isin,
            name: place.isin.as_str().into(),
            symbol: None,
            class: "equity".into(),
            sector: "unclassified".into(),
            owned: Quantity(position.quantity),
            pledged: Quantity(self.pledged.get(&place.isin).copied().unwrap_or_default()),
            t1: Quantity::default(),
            discrepant: Quantity::default(),
            financed: Quantity::default(),
            loan: None,
            cost: position.cost().map(Money),
            as_of: day(TODAY),
            source: "transactions".into(),
            lots: Lots::Events,
            price: self.price(place.isin),
        })
        .collect()
    }

    fn price(&self, of: Isin) -> Option<PricePoint> {
        let (&(on, close), before) = self.closes.get(&of)?.split_last()?;
        let previous = before.last().map(|(_, close)| Price(*close));
        Some(PricePoint { close: Price(close), previous, on, source: "nse".into() })
    }
}

fn fill(quantity: &str, price: &str) -> Fill {
    let (quantity, price) = (number(quantity), number(price));
    let venue = Venue::Exchange(Exchange::Nse);
    Fill { quantity, amount: quantity * price, charges: None, stt: None, venue }
}

/// Who and what there is.
pub(crate) fn nothing() -> Book {
    let mut book = Book::default()
        .account(ASHA, "Asha's Zerodha", "zerodha", ASHA)
        .account(RAVI, "Ravi's Groww", "groww", RAVI)
        .security(TCS, "Tata Consultancy Services", Some("TCS"), Some("IT"), "equity")
        .security(INFY, "Infosys", Some("INFY"), Some("IT"), "equity")
        .security(CMS, "CMS Info Systems", Some("CMSINFO"), None, "equity")
        .index(&[("2026-03-31", "20000"), (TODAY, "21000")]);
    book.kinds = [TCS, INFY].map(|one| (isin(one), AssetKind::ListedShare)).into();
    book
}

/// Two people's shares: one was sold in part, one has no price.
pub(crate) fn two_people() -> Book {
    nothing()
        .buy("2024-06-03", ASHA, TCS, "10", "3000")
        .buy("2025-04-10", RAVI, INFY, "20", "1500")
        .buy("2025-08-01", ASHA, TCS, "10", "3500")
        .buy("2026-01-05", ASHA, CMS, "5", "100")
        .sell("2026-05-11", ASHA, TCS, "5", "4000")
        .dividend("2026-07-10", ASHA, TCS, "500")
        .closes(
            TCS,
            &[
                ("2024-06-03", "3000"),
                ("2025-03-31", "3600"),
                ("2026-03-31", "3900"),
                ("2026-11-27", "4200"),
                ("2026-11-30", "4250"),
            ],
        )
        .closes(
            INFY,
            &[
                ("2025-04-10", "1500"),
                ("2026-03-31", "1600"),
                ("2026-11-27", "1700"),
                ("2026-11-30", "1680"),
            ],
        )
}

/// The rows as text: labels and values, `?` and the reason of what is unknown, `-` of what there is not, and how many
/// rows a figure is without.
pub(crate) fn text(answer: &Answer) -> Vec<String> {
    let cell = |cell: &portfolio_query::answer::Cell| {
        let value = cell.label.clone().or_else(|| cell.value.clone());
        let why = cell.reason.map(|why| serde_json::to_value(why).expect("a word"));
        let why = why.as_ref().and_then(Value::as_str);
        match (value, why, cell.missing) {
            (Some(value), _, 0) => value,
            (Some(value), Some(why), missing) => format!("{value} without {missing} {why}"),
            (None, Some(why), _) => format!("?{why}"),
            _ => "-".to_owned(),
        }
    };
    let row = |row: &portfolio_query::answer::AnswerRow| {
        row.cells.iter().map(cell).collect::<Vec<_>>().join(" | ")
    };
    answer.rows.iter().map(row).collect()
}

/// The ids of the rows, each once.
pub(crate) fn ids(answer: &Answer) -> BTreeSet<&str> {
    answer.rows.iter().map(|row| row.id.as_str()).collect()
}
