//! What phrases mean.

use crate::{Dimension, Measure};

/// What a phrase means, before it is known what the whole question means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Concept {
    /// A figure that has no other meaning.
    Figure(Measure),
    /// Profit or loss, of whichever kind.
    Profit,
    /// What somebody made: profit that has happened.
    Made,
    /// A loss.
    Loss,
    /// `in the red`: rows with a loss.
    InLoss,
    /// `in profit`: rows with a gain.
    InProfit,
    Realised,
    Unrealised,
    /// A return, in percent.
    Return,
    /// Compared with an index.
    Benchmark,
    Worth,
    /// `have`, `own`: what is held, where nothing else is said.
    Have,
    Invested,
    /// Money less what was taken out.
    NewMoney,
    Dividend,
    Trades,
    Bought,
    Sold,
    /// `change`, `moved`: the day's change.
    Change,
    Percent,
    /// `of my portfolio`.
    OfPortfolio,
    Portfolio,
    By(Dimension),
    /// `each`, `per`, `by`, before or after a dimension.
    Each,
    Named(Dimension),
    Class(&'static str),
    /// Shares and stocks.
    Stocks,
    /// Holdings of every class.
    Holdings,
    Lots,
    Short,
    Long,
    Most,
    Least,
    Best,
    Worst,
    Gainers,
    Losers,
    Above,
    Below,
    AtLeast,
    AtMost,
    /// `between 10 and 20`.
    Between,
    /// `not`: what follows is turned round.
    Negation,
    /// All but what is named next.
    Except,
    /// All but what was named before: `ITC ke alawa`.
    ExceptThat,
    /// In and not in percent.
    Rupees,
    /// What was received for one share that was sold.
    SellPrice,
    /// One by one.
    OneByOne,
    /// The newest: `last trade`.
    Latest,
    /// What a word means, which is not told here.
    Definition,
    /// One's own return beside that of an index.
    BesideIndex,
    /// A which is not worked out here.
    TaxBill,
    HowMany,
    HowMuch,
    List,
    When,
    /// `days until`, `how many days`.
    Days,
    Compare,
    /// `split between`.
    Split,
    Only,
    And,
    /// It says nothing.
    Filler,
}
