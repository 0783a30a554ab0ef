//! What a sum and monthly instalments come to under stated assumptions. Arithmetic, and no forecast.

use rust_decimal::Decimal;

/// What is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assumptions {
    /// What is there at the beginning.
    pub start: Decimal,
    /// What is paid in at the beginning of each month of the first year.
    pub monthly: Decimal,
    /// By how many percent the instalment rises at the beginning of each further year.
    pub step_up_percent: Decimal,
    /// The yearly return in percent: a rupee is worth 1 + r/100 after twelve months.
    pub yearly_percent: Decimal,
    /// For how many years.
    pub years: u8,
}

/// The end of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProjectedYear {
    /// The first is 1.
    pub year: u8,
    /// Instalments until then, without what was there at the beginning.
    pub paid_in: Decimal,
    /// What everything comes to.
    pub value: Decimal,
}

/// Works the years out: each month the instalment is paid in, then everything grows by the twelfth root of the yearly
/// factor. `None` where a figure is too large, or everything is lost.
pub fn project(assumptions: &Assumptions) -> Option<Vec<ProjectedYear>> {
    let one = Decimal::ONE;
    let percent = |percent: Decimal| one.checked_add(percent.checked_div(Decimal::ONE_HUNDRED)?);
    let growth = twelfth_root(percent(assumptions.yearly_percent)?)?;
    let step_up = percent(assumptions.step_up_percent)?;
    let (mut value, mut paid_in) = (assumptions.start, Decimal::ZERO);
    let mut monthly = assumptions.monthly;
    let mut all = Vec::with_capacity(usize::from(assumptions.years));
    for year in 1..=assumptions.years {
        for _ in 0..12 {
            value = value.checked_add(monthly)?.checked_mul(growth)?;
            paid_in = paid_in.checked_add(monthly)?;
        }
        all.push(ProjectedYear { year, paid_in, value });
        monthly = monthly.checked_mul(step_up)?;
    }
    Some(all)
}

/// The twelfth root of a number above zero, by Newton's method: x − (x¹² − a) / (12 x¹¹).
fn twelfth_root(number: Decimal) -> Option<Decimal> {
    if number <= Decimal::ZERO {
        return None;
    }
    let twelve = Decimal::from(12);
    let mut root = Decimal::ONE;
    for _ in 0..60 {
        let mut eleventh = Decimal::ONE;
        for _ in 0..11 {
            eleventh = eleventh.checked_mul(root)?;
        }
        let above = eleventh.checked_mul(root)?.checked_sub(number)?;
        let step = above.checked_div(eleventh.checked_mul(twelve)?)?;
        root = root.checked_sub(step)?;
        if step.abs() < Decimal::new(1, 26) {
            break;
        }
    }
    Some(root)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assumptions(start: i64, monthly: i64, yearly: i64, years: u8) -> Assumptions {
        Assumptions {
            start: start.into(),
            monthly: monthly.into(),
            step_up_percent: Decimal::ZERO,
            yearly_percent: yearly.into(),
            years,
        }
    }

    #[test]
    fn a_year_is_what_it_says() {
        let years = project(&assumptions(100_000, 0, 12, 3)).unwrap();
        let values: Vec<String> =
            years.iter().map(|one| one.value.round_dp(2).to_string()).collect();
        assert_eq!(values, ["112000.00", "125440.00", "140492.80"]);
        // The annuity due: 1000 · (f¹² − 1) / (f − 1) · f with f = 1.12^(1/12), worked out apart.
        let plan = project(&assumptions(0, 1_000, 12, 1)).unwrap();
        assert_eq!(
            (plan[0].value.round_dp(2).to_string(), plan[0].paid_in),
            ("12766.50".into(), 12_000.into())
        );
        assert_eq!(project(&assumptions(5, 10, 0, 2)).unwrap()[1].value, 245.into());
    }

    #[test]
    fn a_step_up_raises_the_instalment_each_year() {
        let raised = Assumptions { step_up_percent: 10.into(), ..assumptions(0, 100, 0, 3) };
        let paid: Vec<Decimal> = project(&raised).unwrap().iter().map(|one| one.paid_in).collect();
        assert_eq!(paid, [1_200.into(), 2_520.into(), 3_972.into()]);
    }

    proptest! {
        #[test]
        fn no_assumption_panics_and_more_return_is_never_less(
            start in 0i64..1_000_000_000_000, monthly in 0i64..100_000_000, yearly in -90i64..100, years in 1u8..=40,
        ) {
            let one = project(&assumptions(start, monthly, yearly, years));
            let more = project(&assumptions(start, monthly, yearly + 1, years));
            if let (Some(one), Some(more)) = (one, more) {
                prop_assert!(one.iter().zip(&more).all(|(one, more)| one.value <= more.value));
            }
            let _ = project(&Assumptions { start: Decimal::MAX, ..assumptions(start, monthly, yearly, years) });
        }
    }
}
