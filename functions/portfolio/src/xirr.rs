//! A money-weighted return, as it is answered.

use ledger::Percent;
use ledger::returns::{Undefined, Xirr};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::Serialize;
use utoipa::ToSchema;

/// The money-weighted return a year.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct XirrAnswer {
    /// Percent a year; null when there is none or more than one.
    #[schema(value_type = Option<String>)]
    percent: Option<Percent>,
    /// All of them, when flows change direction so that there are several.
    #[schema(value_type = Vec<String>)]
    several: Vec<Percent>,
    /// Why there is none.
    reason: Option<Undefined>,
}

impl From<&Xirr> for XirrAnswer {
    fn from(found: &Xirr) -> Self {
        let none = Self { percent: None, several: Vec::new(), reason: None };
        match found {
            Xirr::Rate(rate) => Self { percent: percent(*rate), ..none },
            Xirr::Several(rates) => {
                Self { several: rates.iter().filter_map(|rate| percent(*rate)).collect(), ..none }
            }
            Xirr::Undefined(reason) => Self { reason: Some(*reason), ..none },
        }
    }
}

/// A rate as percent: 0.12 is twelve.
fn percent(rate: f64) -> Option<Percent> {
    Decimal::from_f64(rate * 100.0).map(Percent)
}
