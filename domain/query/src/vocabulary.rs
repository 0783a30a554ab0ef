//! The words of the language, each with what it means. Whatever else knows words is made of these tables.

/// The unit of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Rupees.
    Money,
    /// Rupees for one share or unit.
    Price,
    /// Shares or units.
    Quantity,
    /// Of a hundred.
    Percent,
    /// Days.
    Days,
    /// How many.
    Count,
}

impl Unit {
    /// The stable word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Money => "money",
            Self::Price => "price",
            Self::Quantity => "quantity",
            Self::Percent => "percent",
            Self::Days => "days",
            Self::Count => "count",
        }
    }
}

/// One of the words that a field of a query may have.
pub(crate) trait Word: Copy + 'static {
    /// All of them, in the order in which they are listed.
    const ALL: &'static [Self];
    /// What the word in a query is.
    fn word(self) -> &'static str;
    /// What it means.
    fn meaning(self) -> &'static str;
}

/// A table of words: an enum, its words, and what each means.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal: $about:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = $about] $variant,)*
        }

        impl $name {
            /// All of them, in the order in which they are listed.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in a query.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What it means.
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }

        }

        impl $crate::vocabulary::Word for $name {
            const ALL: &'static [Self] = Self::ALL;

            fn word(self) -> &'static str {
                self.name()
            }

            fn meaning(self) -> &'static str {
                self.about()
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What the rows are that a query chooses from.
    Entity {
        Holding = "holding": "A security in an account, as it is held on a day.",
        Lot = "lot": "Shares or units that were acquired together, still held or sold.",
        Trade = "trade": "A purchase or a sale.",
        Income = "income": "A dividend, interest or a payout that was paid.",
        Flow = "flow": "Money that went into securities or came out of them.",
    }
}

words! {
    /// What rows are chosen and grouped by.
    Dimension {
        Security = "security": "The company or scheme, over all accounts.",
        Isin = "isin": "The ISIN.",
        Symbol = "symbol": "The exchange symbol.",
        Sector = "sector": "The sector of the issuer.",
        Class = "class": "equity, etf, mutual_fund, government_security or unclassified.",
        InstrumentType = "instrument_type": "The kind of instrument for tax, when a source says.",
        CapClass = "cap_class": "large, mid or small, by AMFI's list.",
        FundCategory = "fund_category": "The category of a scheme, by AMFI.",
        Account = "account": "The account.",
        Broker = "broker": "The broker of the account.",
        Holder = "holder": "Whoever has the account.",
        Term = "term": "short or long, by the holding period.",
        State = "state": "open, still held, or closed, sold.",
        Side = "side": "buy or sell.",
        Kind = "kind": "The kind of income or flow.",
        Month = "month": "The calendar month.",
        Quarter = "quarter": "The quarter of the financial year.",
        FinancialYear = "financial_year": "April to March.",
        AdvanceTaxWindow = "advance_tax_window": "The part of a financial year that an instalment of advance tax is for.",
    }
}

words! {
    /// A figure.
    Measure {
        Value = "value": "Worth at the newest price of the day.",
        Invested = "invested": "What it cost, with charges.",
        NetInvested = "net_invested": "What was put in less what was taken out.",
        AverageCost = "average_cost": "Cost of one share or unit.",
        Price = "price": "The newest price of the day; of trades, what was paid for one on average.",
        RealisedGain = "realised_gain": "What sales brought, less charges and what was sold had cost.",
        UnrealisedGain = "unrealised_gain": "Worth less cost.",
        UnrealisedPercent = "unrealised_percent": "Worth less cost, as percent of the cost.",
        DayChange = "day_change": "Gain since the close before.",
        DayChangePercent = "day_change_percent": "Gain since the close before, as percent of the worth then.",
        Gain = "gain": "What prices and income brought in the period, less charges; of everything that was held in it.",
        Return = "return": "Time-weighted return of the period, in percent.",
        Xirr = "xirr": "Money-weighted yearly return of the period, in percent.",
        BenchmarkReturn = "benchmark_return": "Return of the NIFTY 50, without dividends, in the period, in percent.",
        Drawdown = "drawdown": "The deepest fall from a height within the period, in percent.",
        Weight = "weight": "Share of the worth of everything in the portfolio that has a price, in percent.",
        Income = "income": "What was paid, before tax was deducted.",
        DividendYield = "dividend_yield": "Dividends of the last twelve months, as percent of the worth.",
        Charges = "charges": "Brokerage, taxes and fees of trades.",
        Amount = "amount": "What changed hands, before charges.",
        Quantity = "quantity": "Shares or units.",
        PledgedQuantity = "pledged_quantity": "Shares or units that are pledged.",
        HoldingDays = "holding_days": "Days since it was acquired, or until it was sold; of several lots the mean, weighted by cost.",
        DaysToLongTerm = "days_to_long_term": "Days until a gain is long term; of several lots, of the first that is not yet; 0 when all are.",
        UnusedExemption = "unused_exemption": "What is left of the exemption of long-term equity gains in the financial year of the last day, of everybody who has one of the lots, over all of their accounts.",
        High52w = "high_52w": "The highest close of twelve months, in shares of today.",
        Low52w = "low_52w": "The lowest close of twelve months, in shares of today.",
        Count = "count": "How many rows.",
    }
}

/// What a measure is: its unit, the entities that have it, and whether a single row has it.
struct Definition {
    unit: Unit,
    entities: &'static [Entity],
    of_rows: bool,
}

impl Measure {
    fn definition(self) -> Definition {
        use Entity::{Flow, Holding, Income, Lot, Trade};
        let row = |unit, entities| Definition { unit, entities, of_rows: true };
        let whole = |unit, entities| Definition { unit, entities, of_rows: false };
        match self {
            Self::Value | Self::Invested | Self::UnrealisedGain => {
                row(Unit::Money, &[Holding, Lot])
            }
            Self::NetInvested => row(Unit::Money, &[Flow]),
            Self::AverageCost => row(Unit::Price, &[Holding, Lot]),
            Self::Price => row(Unit::Price, &[Holding, Lot, Trade]),
            Self::RealisedGain => row(Unit::Money, &[Lot]),
            Self::UnrealisedPercent => row(Unit::Percent, &[Holding, Lot]),
            Self::DayChange => row(Unit::Money, &[Holding]),
            Self::DayChangePercent | Self::Weight | Self::DividendYield => {
                row(Unit::Percent, &[Holding])
            }
            Self::Gain => whole(Unit::Money, &[Holding]),
            Self::Return | Self::Xirr | Self::BenchmarkReturn | Self::Drawdown => {
                whole(Unit::Percent, &[Holding])
            }
            Self::Income => row(Unit::Money, &[Income]),
            Self::Charges | Self::Amount => row(Unit::Money, &[Trade]),
            Self::Quantity => row(Unit::Quantity, &[Holding, Lot, Trade]),
            Self::PledgedQuantity => row(Unit::Quantity, &[Holding]),
            Self::HoldingDays | Self::DaysToLongTerm => row(Unit::Days, &[Lot]),
            Self::UnusedExemption => whole(Unit::Money, &[Lot]),
            Self::High52w | Self::Low52w => row(Unit::Price, &[Holding]),
            Self::Count => whole(Unit::Count, Entity::ALL),
        }
    }

    /// Its unit.
    pub fn unit(self) -> Unit {
        self.definition().unit
    }

    /// The entities that have it.
    pub fn entities(self) -> &'static [Entity] {
        self.definition().entities
    }

    /// Whether a single row has it. What is of a period, or counts rows, filters none and is no column of a list.
    pub fn is_of_rows(self) -> bool {
        self.definition().of_rows
    }

    /// Whether it means something within one security alone: shares of two companies add up to nothing.
    pub fn needs_one_security(self) -> bool {
        matches!(self.unit(), Unit::Quantity | Unit::Price)
    }
}

impl Dimension {
    /// The entities that have it.
    pub fn entities(self) -> &'static [Entity] {
        use Entity::{Flow, Holding, Income, Lot, Trade};
        match self {
            Self::Security
            | Self::Isin
            | Self::Symbol
            | Self::Sector
            | Self::Class
            | Self::InstrumentType
            | Self::CapClass
            | Self::FundCategory
            | Self::Account
            | Self::Broker
            | Self::Holder => Entity::ALL,
            Self::Term | Self::State => &[Lot],
            Self::Side => &[Trade],
            Self::Kind => &[Income, Flow],
            Self::Month | Self::Quarter | Self::FinancialYear => {
                &[Holding, Lot, Trade, Income, Flow]
            }
            Self::AdvanceTaxWindow => &[Lot, Income],
        }
    }

    /// Whether it is a part of time.
    pub fn is_time(self) -> bool {
        matches!(self, Self::Month | Self::Quarter | Self::FinancialYear | Self::AdvanceTaxWindow)
    }

    /// Whether rows that share it are of one security. A symbol is not enough: funds have none, and one can be several.
    pub fn is_one_security(self) -> bool {
        matches!(self, Self::Security | Self::Isin)
    }

    /// The words it may have, where they are few and known.
    pub fn values(self) -> Option<&'static [&'static str]> {
        Some(match self {
            Self::Class => &["equity", "etf", "mutual_fund", "government_security", "unclassified"],
            Self::CapClass => &["large", "mid", "small"],
            Self::Term => &["short", "long"],
            Self::State => &["open", "closed"],
            Self::Side => &["buy", "sell"],
            // Of income, then of flows.
            Self::Kind => &[
                "dividend",
                "interest",
                "distribution",
                "buy",
                "sell",
                "allotment",
                "rights",
                "buyback",
                "charge",
            ],
            Self::InstrumentType => &[
                "listed_share",
                "equity_fund",
                "debt_fund",
                "other_fund",
                "balanced_fund",
                "listed_debt_fund",
                "listed_other_fund",
                "trust_unit",
                "listed_bond",
                "unlisted_bond",
                "market_linked_debenture",
                "gold_bond",
                "unlisted_share",
            ],
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use ledger::tax::AssetKind;
    use utoipa::PartialSchema;

    use super::*;

    #[test]
    fn instrument_types_are_the_kinds_of_assets_for_tax() {
        let schema = serde_json::to_value(AssetKind::schema()).unwrap();
        assert_eq!(schema["enum"], serde_json::json!(Dimension::InstrumentType.values()));
    }
}
