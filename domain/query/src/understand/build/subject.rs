//! What a question is about: the entity, the figures, and which rows.

use rust_decimal::Decimal;

use super::{Draft, choose};
use crate::filter::{Comparison, Filter, Operand};
use crate::period::Period;
use crate::understand::concept::Concept;
use crate::{Dimension, Entity, Measure, Operation};

impl Draft<'_> {
    /// Chooses what it is about; none where nothing is said that could be.
    pub(super) fn subject(&mut self) -> Option<()> {
        self.below_cost()
            .or_else(|| self.of_selling_price())
            .or_else(|| self.explicit())
            .or_else(|| self.of_income())
            .or_else(|| self.of_realised())
            .or_else(|| self.of_trades())
            .or_else(|| self.of_returns())
            .or_else(|| self.of_profit())
            .or_else(|| self.of_money())
            .or_else(|| self.of_value())?;
        self.also();
        Some(())
    }

    /// Adds the other figures that are named: "what it cost and what it is worth".
    fn also(&mut self) {
        let listed =
            matches!(self.operation, Operation::Aggregate) && self.entity == Entity::Holding;
        if !listed || self.period().is_some() || self.measures.len() != 1 {
            return;
        }
        let named = self.frame.concepts.iter().filter_map(|concept| match concept {
            Concept::Worth => Some(Measure::Value),
            Concept::Invested => Some(Measure::Invested),
            Concept::Profit | Concept::Unrealised => Some(Measure::UnrealisedGain),
            Concept::Figure(measure) if measure.entities().contains(&Entity::Holding) => {
                Some(*measure)
            }
            _ => None,
        });
        let mut all: Vec<Measure> = Vec::new();
        for measure in named {
            if !all.contains(&measure) {
                all.push(measure);
            }
        }
        let joined = self.any(&[Concept::And, Concept::Compare]) && all.len() > 1;
        if (joined || all.len() > 2) && all.contains(&self.measures[0]) {
            self.measures = all;
        }
    }

    /// The price compared with the average cost.
    fn below_cost(&mut self) -> Option<()> {
        let cost = self.has(Concept::Figure(Measure::AverageCost))
            || (self.has(Concept::Invested) && self.has(Concept::Figure(Measure::Price)));
        let than = Operand::Measure(Measure::AverageCost);
        let comparison = match (self.has(Concept::Below), self.has(Concept::Above)) {
            (true, _) => Comparison::Below,
            (_, true) => Comparison::Above,
            _ => return None,
        };
        if !cost || !self.frame.numbers.is_empty() {
            return None;
        }
        self.filters.push(Filter::Figure(Measure::Price, comparison, than));
        self.operation = Operation::List;
        self.is(Entity::Holding, &[Measure::Price, Measure::AverageCost])
    }

    /// What shares were sold for, each.
    fn of_selling_price(&mut self) -> Option<()> {
        if !self.has(Concept::SellPrice) {
            return None;
        }
        self.filter(Dimension::Side, "sell");
        self.is(Entity::Trade, &[Measure::Price])
    }

    /// A figure that has a name of its own.
    fn explicit(&mut self) -> Option<()> {
        let measure = self.figure().or_else(|| self.of_days())?;
        match measure {
            Measure::Charges => self.is(Entity::Trade, &[measure]),
            Measure::UnusedExemption => self.is(Entity::Lot, &[measure]),
            Measure::HoldingDays | Measure::DaysToLongTerm => {
                self.filter(Dimension::State, "open");
                if self.securities != 1 && !self.groups_named() {
                    self.groups.push(Dimension::Security);
                }
                self.is(Entity::Lot, &[measure])
            }
            Measure::Price | Measure::Quantity if self.any(&[Concept::Bought, Concept::Sold]) => {
                None
            }
            Measure::PledgedQuantity if self.securities == 0 => {
                let more = Operand::Number(Decimal::ZERO);
                self.filters.push(Filter::Figure(measure, Comparison::Above, more));
                self.operation = Operation::List;
                self.is(Entity::Holding, &[measure])
            }
            Measure::Weight if self.has(Concept::Rupees) => {
                self.is(Entity::Holding, &[Measure::Value])
            }
            Measure::Quantity
                if self.securities == 0
                    && self.frame.numbers.is_empty()
                    && self.any(&[Concept::Have, Concept::Filler]) =>
            {
                // "How many shares do I have?" of no company asks how many there are.
                self.is(Entity::Holding, &[Measure::Count])
            }
            Measure::Xirr | Measure::Drawdown => self.is(Entity::Holding, &[measure]),
            _ if self.any(&[Concept::Dividend]) && measure != Measure::DividendYield => None,
            _ => self.is(Entity::Holding, &[measure]),
        }
    }

    /// How long something was held, or is to be held.
    fn of_days(&self) -> Option<Measure> {
        use Concept::{Days, Have, Long, Profit, Realised, When};
        if self.any(&[Days, When]) && self.has(Long) && !self.any(&[Realised, Profit]) {
            return Some(Measure::DaysToLongTerm);
        }
        (self.has(Days) && self.has(Have)).then_some(Measure::HoldingDays)
    }

    fn of_income(&mut self) -> Option<()> {
        if !self.has(Concept::Dividend) {
            return None;
        }
        let measure = if self.has(Concept::HowMany) { Measure::Count } else { Measure::Income };
        let grouped = self.groups_named() || self.every().is_some() || self.ranks();
        if self.has(Concept::OneByOne) && !grouped {
            self.operation = Operation::List;
        }
        self.is(Entity::Income, &[measure])
    }

    /// What was gained by selling.
    fn of_realised(&mut self) -> Option<()> {
        let gained = self.any(&[Concept::Profit, Concept::Made, Concept::Loss]);
        let sold = gained && self.has(Concept::Sold);
        let term = self.any(&[Concept::Short, Concept::Long, Concept::By(Dimension::Term)]);
        let of_term = term
            && !self.has(Concept::Unrealised)
            && !self.any(&[Concept::Worth, Concept::Holdings, Concept::Lots]);
        if !(self.has(Concept::Realised) || sold || of_term) {
            return self.of_open_lots(term);
        }
        for (concept, word) in [(Concept::Short, "short"), (Concept::Long, "long")] {
            let both = self.has(Concept::Short) && self.has(Concept::Long);
            if self.has(concept) && !both {
                self.filter(Dimension::Term, word);
            } else if both && !self.groups.contains(&Dimension::Term) {
                self.groups.push(Dimension::Term);
            }
        }
        if self.has(Concept::List) && self.any(&[Concept::Stocks, Concept::Holdings]) {
            self.groups.push(Dimension::Security);
        }
        self.is(Entity::Lot, &[Measure::RealisedGain])
    }

    /// What of the holdings is short or long term.
    fn of_open_lots(&mut self, term: bool) -> Option<()> {
        if !term {
            return None;
        }
        self.filter(Dimension::State, "open");
        for (concept, word) in [(Concept::Short, "short"), (Concept::Long, "long")] {
            if self.has(concept) {
                self.filter(Dimension::Term, word);
            }
        }
        let measure = if self.any(&[Concept::Profit, Concept::Unrealised, Concept::Loss]) {
            Measure::UnrealisedGain
        } else {
            Measure::Value
        };
        self.is(Entity::Lot, &[measure])
    }

    fn of_trades(&mut self) -> Option<()> {
        if !self.any(&[Concept::Trades, Concept::Bought, Concept::Sold]) {
            return None;
        }
        match (self.has(Concept::Bought), self.has(Concept::Sold)) {
            (true, false) => self.filter(Dimension::Side, "buy"),
            (false, true) => self.filter(Dimension::Side, "sell"),
            _ => {}
        }
        let shares = self.any(&[Concept::Stocks, Concept::Figure(Measure::Quantity)]);
        if !self.has(Concept::HowMuch)
            && self.any(&[Concept::HowMany, Concept::Figure(Measure::Quantity)])
        {
            let measure = if self.securities == 1 && (shares || !self.has(Concept::Trades)) {
                Measure::Quantity
            } else {
                Measure::Count
            };
            return self.is(Entity::Trade, &[measure]);
        }
        let amounts =
            self.any(&[Concept::HowMuch, Concept::Worth, Concept::Compare, Concept::Invested])
                || self.has(Concept::HowMany)
                || self.every().is_some()
                || self.groups_named()
                || self.frame.concepts.contains(&Concept::Filler) && self.says_total();
        if amounts || self.any(&[Concept::Most, Concept::Least]) {
            return self.is(Entity::Trade, &[Measure::Amount]);
        }
        self.operation = Operation::List;
        self.is(Entity::Trade, &[Measure::Quantity, Measure::Price, Measure::Amount])
    }

    /// Whether it asks for one figure of everything, and not what it is made of.
    fn says_total(&self) -> bool {
        !self.any(&[Concept::List, Concept::When])
            && self.securities == 0
            && self.period().is_some()
            && self.frame.concepts.first() == Some(&Concept::Filler)
            && self.frame.total
    }

    fn of_returns(&mut self) -> Option<()> {
        let beside = self.has(Concept::BesideIndex)
            || self.has(Concept::Benchmark) && (self.frame.own || self.has(Concept::Compare));
        if self.has(Concept::Benchmark) && !beside {
            return self.is(Entity::Holding, &[Measure::BenchmarkReturn]);
        }
        if beside {
            return self.is(Entity::Holding, &[Measure::Return, Measure::BenchmarkReturn]);
        }
        if self.has(Concept::Return) {
            return self.is(Entity::Holding, &[Measure::Return]);
        }
        None
    }

    fn of_profit(&mut self) -> Option<()> {
        use Concept::{
            Best, Change, Gainers, InLoss, InProfit, Losers, Loss, Made, Profit, Unrealised, Worst,
        };
        let said = [
            Profit, Made, Loss, InLoss, InProfit, Unrealised, Gainers, Losers, Best, Worst, Change,
        ];
        if !self.any(&said) {
            return None;
        }
        let percent = self.percent() || self.numbers().any(|number| number.is_percent);
        let measure = match self.period() {
            _ if self.has(Unrealised) => {
                choose(percent, Measure::UnrealisedPercent, Measure::UnrealisedGain)
            }
            Some(_) => choose(percent, Measure::Return, Measure::Gain),
            None if self.frame.is_today() || self.has(Change) && !self.is_ever() => {
                choose(percent, Measure::DayChangePercent, Measure::DayChange)
            }
            None if self.has(Made)
                && !self.any(&[InLoss, InProfit])
                && self.securities == 0
                && !self.ranks() =>
            {
                choose(percent, Measure::Return, Measure::Gain)
            }
            None => choose(percent, Measure::UnrealisedPercent, Measure::UnrealisedGain),
        };
        let rows = self.lists() || self.has(Concept::HowMany) && !self.percent();
        let in_loss = rows && (self.has(InLoss) || self.has(Loss)) && !self.ranks();
        let in_profit = rows && self.has(InProfit) && !self.ranks();
        if (in_loss || in_profit) && measure.is_of_rows() {
            let comparison = if in_loss { Comparison::Below } else { Comparison::Above };
            self.filters.push(Filter::Figure(measure, comparison, Operand::Number(Decimal::ZERO)));
            self.operation = Operation::List;
            if self.has(Concept::HowMany) {
                self.operation = Operation::Aggregate;
                return self.is(Entity::Holding, &[Measure::Count]);
            }
        }
        self.is(Entity::Holding, &[measure])
    }

    fn of_money(&mut self) -> Option<()> {
        if self.has(Concept::NewMoney) {
            return self.is(Entity::Flow, &[Measure::NetInvested]);
        }
        let counts = self.has(Concept::HowMany)
            && (self.class().is_some() || self.any(&[Concept::Stocks, Concept::Holdings]));
        if !self.has(Concept::Invested) || counts {
            return None;
        }
        match self.period() {
            Some(Period::AsOf(_)) | None if self.every().is_none() => {
                self.is(Entity::Holding, &[Measure::Invested])
            }
            _ => self.is(Entity::Flow, &[Measure::NetInvested]),
        }
    }

    /// What is held, where nothing else is asked of it.
    fn of_value(&mut self) -> Option<()> {
        use Concept::{Have, Holdings, HowMany, HowMuch, Portfolio, Split, Stocks, Worth};
        if self.has(HowMany) && self.securities == 1 && !self.has(Worth) {
            return self.is(Entity::Holding, &[Measure::Quantity]);
        }
        if self.has(HowMany) && !self.any(&[Worth, Concept::Percent]) {
            let counted = self.any(&[Stocks, Holdings]) || self.class().is_some();
            return counted.then(|| self.is(Entity::Holding, &[Measure::Count])).flatten();
        }
        let of_portfolio = self.any(&[Concept::OfPortfolio, Portfolio]);
        let groups = self.groups_named();
        if self.percent()
            && (of_portfolio && !self.filters.is_empty() || groups || self.class().is_some())
        {
            return self.is(Entity::Holding, &[Measure::Weight]);
        }
        let compares =
            self.any(&[Concept::Above, Concept::Below, Concept::AtLeast, Concept::AtMost])
                && self.numbers().next().is_some();
        let enough = compares
            || self.any(&[Worth, Portfolio, HowMuch, Split, Holdings])
            || (self.has(Have) && (self.class().is_some() || !self.filters.is_empty()))
            || self.class().is_some()
            || groups
            || self.ranks();
        if !enough {
            return None;
        }
        let listed = self.has(Holdings) || self.has(Stocks) || self.class().is_some();
        let plain = !self.any(&[Worth, HowMuch, Portfolio])
            && !groups
            && !self.ranks()
            && self.numbers().next().is_none();
        if listed && plain && self.lists() {
            self.operation = Operation::List;
        }
        self.is(Entity::Holding, &[Measure::Value])
    }
}
