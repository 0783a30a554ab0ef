//! What Kite says an account has: holdings, positions, the day's fills, and funds.
//!
//! Source of the fields: the documentation of Kite Connect 3, "Portfolio" and "Mutual funds"; that of `trades` is from
//! its published examples. Everything that could be missing may be.

use jiff::civil::{Date, DateTime, Time};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use shared::Secret;

use crate::{Kite, KiteError};

/// No amount and no quantity of anybody is larger; products of two such are decimals still.
const MOST: f64 = 1e13;

/// Everything Kite says of an account at one moment.
#[derive(Clone, Debug)]
pub struct Account {
    /// What is held, bought and not delivered, and pledged.
    pub holdings: Vec<Holding>,
    /// What was traded and is not settled; the real ones, never the day's activity beside them.
    pub positions: Vec<Position>,
    /// What was bought and sold today.
    pub fills: Vec<Fill>,
    /// Units of funds in demat.
    pub funds: Vec<Fund>,
    /// What could not be read of what is held (holdings and funds), by its symbol where it has one.
    pub odd_holdings: Vec<String>,
    /// The same of positions and fills.
    pub odd_trades: Vec<String>,
}

/// A list of Kite's, row by row: one that cannot be read takes none of the others away, and null is an empty list.
#[derive(Clone, Debug)]
pub struct Rows<T> {
    /// The rows that could be read.
    pub rows: Vec<T>,
    /// What the others call themselves.
    pub odd: Vec<String>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), odd: Vec::new() }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut list = Self::default();
        for (number, row) in nullable::<_, Vec<Value>>(from)?.into_iter().enumerate() {
            let name = row["tradingsymbol"].as_str().map(str::to_owned);
            match T::deserialize(row) {
                Ok(row) => list.rows.push(row),
                Err(_) => list.odd.push(name.unwrap_or_else(|| format!("row {}", number + 1))),
            }
        }
        Ok(list)
    }
}

/// Null where a text, a flag or a list is expected is an empty one.
fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// A holding.
#[derive(Clone, Debug, Deserialize)]
pub struct Holding {
    /// The exchange's symbol.
    pub tradingsymbol: String,
    /// Which exchange's.
    #[serde(default, deserialize_with = "nullable")]
    pub exchange: String,
    /// The security.
    #[serde(default, deserialize_with = "nullable")]
    pub isin: String,
    /// Settled and free; what is sold today is not in it any more, nor is what is pledged.
    #[serde(default, deserialize_with = "exact")]
    pub quantity: Decimal,
    /// Bought on an earlier day and not delivered yet.
    #[serde(default, deserialize_with = "exact")]
    pub t1_quantity: Decimal,
    /// Pledged.
    #[serde(default, deserialize_with = "exact")]
    pub collateral_quantity: Decimal,
    /// Whether the broker does not know what was paid.
    #[serde(default, deserialize_with = "nullable")]
    pub discrepancy: bool,
    /// What was paid for one, 0 when that is not known.
    #[serde(default, deserialize_with = "exact")]
    pub average_price: Decimal,
    /// What is bought on margin.
    #[serde(default)]
    pub mtf: Option<Financed>,
}

/// The part of a holding that is bought with the broker's money.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Financed {
    /// How much of it there is.
    #[serde(default, deserialize_with = "exact")]
    pub quantity: Decimal,
    /// What was paid for one.
    #[serde(default, deserialize_with = "exact")]
    pub average_price: Decimal,
    /// What was paid for all.
    #[serde(default, deserialize_with = "exact")]
    pub value: Decimal,
    /// The part of that which is the client's own money.
    #[serde(default, deserialize_with = "exact")]
    pub initial_margin: Decimal,
}

/// A position.
#[derive(Clone, Debug, Deserialize)]
pub struct Position {
    /// The exchange's symbol.
    pub tradingsymbol: String,
    /// Which exchange's.
    #[serde(default, deserialize_with = "nullable")]
    pub exchange: String,
    /// `CNC` for delivery, `MTF` on margin; others are not delivered.
    #[serde(default, deserialize_with = "nullable")]
    pub product: String,
    /// Bought less sold; below zero what was sold out of holdings.
    #[serde(default, deserialize_with = "exact")]
    pub quantity: Decimal,
    /// What of it is from an earlier day.
    #[serde(default, deserialize_with = "exact")]
    pub overnight_quantity: Decimal,
    /// What was paid for one.
    #[serde(default, deserialize_with = "exact")]
    pub average_price: Decimal,
    /// How many units one of it stands for.
    #[serde(default = "one", deserialize_with = "exact")]
    pub multiplier: Decimal,
    /// What one was last traded for.
    #[serde(default, deserialize_with = "exact")]
    pub last_price: Decimal,
    /// What was received for all that was sold, and paid for all that was bought.
    #[serde(default, deserialize_with = "exact")]
    pub sell_value: Decimal,
    /// The latter.
    #[serde(default, deserialize_with = "exact")]
    pub buy_value: Decimal,
}

/// A fill of today.
#[derive(Clone, Debug, Deserialize)]
pub struct Fill {
    /// The exchange's id of the trade.
    pub trade_id: String,
    /// Which exchange.
    #[serde(default, deserialize_with = "nullable")]
    pub exchange: String,
    /// Its symbol.
    pub tradingsymbol: String,
    /// As of a position.
    #[serde(default, deserialize_with = "nullable")]
    pub product: String,
    /// `BUY` or `SELL`.
    pub transaction_type: String,
    /// How much.
    #[serde(default, deserialize_with = "exact")]
    pub quantity: Decimal,
    /// The price of the fill.
    #[serde(default, deserialize_with = "exact")]
    pub average_price: Decimal,
    /// When, in Indian time.
    #[serde(default)]
    pub fill_timestamp: Option<String>,
}

/// Units of a fund.
#[derive(Clone, Debug, Deserialize)]
pub struct Fund {
    /// The scheme's ISIN.
    pub tradingsymbol: String,
    /// What it is called.
    #[serde(default, deserialize_with = "nullable")]
    pub fund: String,
    /// Units.
    #[serde(default, deserialize_with = "exact")]
    pub quantity: Decimal,
    /// The pledged part of them.
    #[serde(default, deserialize_with = "exact")]
    pub pledged_quantity: Decimal,
    /// What was paid for one.
    #[serde(default, deserialize_with = "exact")]
    pub average_price: Decimal,
}

#[derive(Default, Deserialize)]
struct Positions {
    #[serde(default)]
    net: Rows<Position>,
}

impl Kite<'_> {
    /// Everything of an account, asked for together. What was sold, delivered or pledged between two of the answers
    /// cannot be told apart, so one that fails fails all.
    pub async fn account(&self, api_key: &str, token: &Secret) -> Result<Account, KiteError> {
        self.counted(api_key, self.account_in_turn((api_key, token))).await
    }

    /// Three calls in one turn; the day's fills are asked for only when there is a position that could have some.
    async fn account_in_turn(&self, session: (&str, &Secret)) -> Result<Account, KiteError> {
        self.ready_for(session.0, 3).await?;
        let (holdings, positions, funds) = tokio::try_join!(
            self.read::<Rows<Holding>>("GET /portfolio/holdings", session, true),
            self.read::<Option<Positions>>("GET /portfolio/positions", session, true),
            self.read::<Rows<Fund>>("GET /mf/holdings", session, true),
        )?;
        let positions = positions.unwrap_or_default().net;
        let traded = positions.rows.iter().any(|position| is_delivered(&position.product));
        let fills: Rows<Fill> = match traded {
            true => self.read("GET /trades", session, false).await?,
            false => Rows::default(),
        };
        Ok(Account::of(holdings, positions, fills, funds))
    }
}

impl Account {
    /// An account as these answers tell it.
    pub fn of(
        holdings: Rows<Holding>,
        positions: Rows<Position>,
        fills: Rows<Fill>,
        funds: Rows<Fund>,
    ) -> Self {
        Self {
            odd_holdings: [holdings.odd, funds.odd].concat(),
            odd_trades: [positions.odd, fills.odd].concat(),
            holdings: holdings.rows,
            positions: positions.rows,
            fills: fills.rows,
            funds: funds.rows,
        }
    }
}

impl Position {
    /// What was gained on it since it was opened, at the last price; `None` of figures that nobody's position has.
    pub fn profit(&self) -> Option<Decimal> {
        let worth = (self.quantity * self.last_price).checked_mul(self.multiplier)?;
        (self.sell_value - self.buy_value).checked_add(worth)
    }

    /// Whether it is for delivery.
    pub fn is_delivered(&self) -> bool {
        is_delivered(&self.product)
    }

    /// What was bought today and is to be delivered. What is from an earlier day is a holding by now, and what was sold
    /// is out of the holdings.
    pub fn bought_today(&self) -> Decimal {
        if !self.is_delivered() {
            return Decimal::ZERO;
        }
        let before = self.overnight_quantity.max(Decimal::ZERO);
        (self.quantity - before).max(Decimal::ZERO)
    }
}

impl Fill {
    /// Whether it is for delivery: what is not is squared off by the day's end, and in the tradebook.
    pub fn is_delivered(&self) -> bool {
        is_delivered(&self.product)
    }

    /// Whether it is a purchase; `None` when Kite says neither.
    pub fn is_purchase(&self) -> Option<bool> {
        match self.transaction_type.as_str() {
            "BUY" => Some(true),
            "SELL" => Some(false),
            _ => None,
        }
    }

    /// Its day and time in India.
    pub fn at(&self) -> Option<(Date, Time)> {
        let at: DateTime = self.fill_timestamp.as_deref()?.replace(' ', "T").parse().ok()?;
        Some((at.date(), at.time()))
    }
}

fn one() -> Decimal {
    Decimal::ONE
}

/// Whether what is traded under a product is delivered.
fn is_delivered(product: &str) -> bool {
    matches!(product, "CNC" | "MTF")
}

/// Kite writes amounts as JSON numbers; the shortest text that is the same number is what it wrote.
fn exact<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
    let number = Option::<f64>::deserialize(from)?.unwrap_or_default();
    if !(-MOST..=MOST).contains(&number) {
        return Err(serde::de::Error::custom("a number too large for money"));
    }
    number.to_string().parse().map_err(|_| serde::de::Error::custom("a number too large for money"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(json: &str) -> Holding {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_positions_profit_counts_each_unit_of_a_contract() {
        let contract = r#"{"tradingsymbol": "GOLDM26DECFUT", "exchange": "MCX", "product": "NRML", "quantity": -2,
            "multiplier": 10, "last_price": 7100, "sell_value": 144000, "buy_value": 0}"#;
        let contract: Position = serde_json::from_str(contract).unwrap();
        assert_eq!(contract.profit(), Some(2000.into()), "sold two at 7200, ten units each");
        let absurd = Position {
            quantity: Decimal::from(10_i64.pow(13)),
            last_price: Decimal::from(10_i64.pow(13)),
            multiplier: Decimal::from(10_i64.pow(13)),
            ..contract
        };
        assert_eq!(absurd.profit(), None);
    }

    #[test]
    fn a_null_takes_nothing_else_away_and_an_odd_row_is_named() {
        let good = r#"{"tradingsymbol": "ZTKITE", "quantity": 10, "average_price": 90}"#;
        for odd in [
            r#"{"tradingsymbol": "ODD", "isin": null}"#,
            r#"{"tradingsymbol": "ODD", "exchange": null}"#,
            r#"{"tradingsymbol": "ODD", "discrepancy": null}"#,
        ] {
            let list: Rows<Holding> = serde_json::from_str(&format!("[{good}, {odd}]")).unwrap();
            assert_eq!((list.rows.len(), list.rows[0].quantity, list.odd.len()), (2, 10.into(), 0));
        }
        let unreadable = format!(r#"[{good}, {{"tradingsymbol": "ODD", "quantity": "ten"}}, 7]"#);
        let list: Rows<Holding> = serde_json::from_str(&unreadable).unwrap();
        assert_eq!((list.rows.len(), list.odd), (1, vec!["ODD".to_owned(), "row 3".into()]));
        let fund: Rows<Fund> =
            serde_json::from_str(r#"[{"tradingsymbol": "INF204KB14I2", "fund": null}]"#).unwrap();
        assert_eq!(fund.rows.len(), 1);
        assert!(serde_json::from_str::<Positions>(r#"{"net": null}"#).unwrap().net.rows.is_empty());
        assert!(serde_json::from_str::<Rows<Holding>>("null").unwrap().rows.is_empty());
    }

    #[test]
    fn amounts_are_what_kite_wrote() {
        for (written, is) in [("0.1", "0.1"), ("801.78125", "801.78125"), ("1e3", "1000")] {
            let json = format!(r#"{{"tradingsymbol": "X", "average_price": {written}}}"#);
            assert_eq!(holding(&json).average_price, is.parse().unwrap());
        }
        let absurd = r#"{"tradingsymbol": "X", "average_price": 1e300}"#;
        assert!(serde_json::from_str::<Holding>(absurd).is_err());
        let null = r#"{"tradingsymbol": "X", "average_price": null, "quantity": 2.0, "mtf": null}"#;
        let null = holding(null);
        assert_eq!((null.average_price, null.quantity), (Decimal::ZERO, 2.into()));
    }

    #[test]
    fn a_fills_time_is_indian_time_without_saying_so() {
        let mut fill: Fill = serde_json::from_str(
            r#"{"trade_id": "1", "exchange": "NSE", "tradingsymbol": "INFY", "product": "CNC",
            "transaction_type": "BUY", "quantity": 1, "average_price": 1, "fill_timestamp": "2026-11-20 09:15:07"}"#,
        )
        .unwrap();
        let (day, time) = fill.at().unwrap();
        assert_eq!((day.to_string(), time.to_string()), ("2026-11-20".into(), "09:15:07".into()));
        fill.fill_timestamp = Some("09:15:07".into());
        assert_eq!(fill.at(), None);
    }
}
