//! Every refusal of the service.

use shared::{Code, Reason};

shared::reasons! {
    /// The schedule is not known for that year.
    pub const NO_SCHEDULE: Reason = Reason::new(
        Code::FailedPrecondition,
        "no_schedule",
        "There is no schedule 112A for this year, or its form was not notified when this was written. `layout` chooses one.",
    );
    /// A schedule is one holder's.
    pub const SEVERAL_HOLDERS: Reason = Reason::new(
        Code::FailedPrecondition,
        "several_holders",
        "A schedule is one holder's. Send `accountId` of one of them (`accounts` has each holder's), and state the holder \
         of accounts that belong together.",
    );
    /// A schedule with gaps would be a wrong one.
    pub const COST_UNKNOWN: Reason = Reason::new(
        Code::FailedPrecondition,
        "cost_unknown",
        "Cost, day or kind of some lots is not known (`lots` says of how many), so the schedule would lack them. \
         `GET /v1/portfolio/gains` names them; `partial=true` leaves them out.",
    );
    /// What was held is not known well enough.
    pub const INCOMPLETE_HISTORY: Reason = Reason::new(
        Code::FailedPrecondition,
        "incomplete_history",
        "Something was sold that was never bought, and no statement says how much of it there was: import older \
         tradebooks, or a holdings statement.",
    );
    /// A period cannot be valued at its ends.
    pub const UNPRICED: Reason = Reason::new(
        Code::FailedPrecondition,
        "unpriced",
        "Something that was held at an end of the period has no price until then (`isins`); choose another period, or load prices.",
    );
    /// The period has no days.
    pub const NO_PERIOD: Reason = Reason::new(
        Code::FailedPrecondition,
        "no_period",
        "There is no day in the period on which anything is known of the portfolio.",
    );
    /// There is nothing to compare with.
    pub const NO_BENCHMARK: Reason = Reason::new(
        Code::FailedPrecondition,
        "no_benchmark",
        "No close of that index or security is known until the end of the period. Name an index as its publisher does, NIFTY 50 say, or send an ISIN.",
    );
    /// Units of a plan have no price.
    pub const NO_START: Reason = Reason::new(
        Code::FailedPrecondition,
        "no_start",
        "Units of the plans have no price, so what they are worth is not known. Send `start`, or load prices.",
    );
    /// A figure that has no room.
    pub const TOO_LARGE_TO_PROJECT: Reason = Reason::new(
        Code::InvalidArgument,
        "too_large_to_project",
        "These assumptions come to more than can be written. Send a smaller `yearlyReturn` or fewer `years`.",
    );
    /// Rates of this year are not known.
    pub const NO_RATES: Reason = Reason::new(
        Code::FailedPrecondition,
        "no_rates",
        "The rates of tax of this financial year are not known here.",
    );
}
