//! Fields that several requests have.

use shared::Problem;
use shared::fields::Fields;
use shared::problem::reasons::NOT_FOUND;
use stores::health::Health;
use tokio_postgres::Row;
use uuid::Uuid;

/// How fresh the account that is asked for is, or every one; the rows are of [`stores::health::all`]. An account of
/// somebody else's is none, not one with nothing in it.
pub(crate) fn healths(rows: &[Row], account: Option<Uuid>) -> Result<Vec<Health>, Problem> {
    of_account(Health::read_all(rows), account)
}

fn of_account(mut healths: Vec<Health>, account: Option<Uuid>) -> Result<Vec<Health>, Problem> {
    if let Some(account) = account {
        healths.retain(|health| health.account_id == account);
        if healths.is_empty() {
            return Err(Problem::new(NOT_FOUND));
        }
    }
    Ok(healths)
}

/// The same, and of those only the accounts of whoever has `holder_of`. An account whose holder is not stated stands for
/// itself.
pub(crate) fn healths_of(
    rows: &[Row],
    account: Option<Uuid>,
    holder_of: Option<Uuid>,
) -> Result<Vec<Health>, Problem> {
    let all = Health::read_all(rows);
    let Some(one) = holder_of else { return of_account(all, account) };
    let known = all.iter().find(|health| health.account_id == one);
    let holder = known.ok_or_else(|| Problem::new(NOT_FOUND))?.holder.clone();
    let mut healths = of_account(all, account)?;
    healths
        .retain(|health| health.account_id == one || holder.is_some() && health.holder == holder);
    Ok(healths)
}

/// The year in which a financial year begins, which may be missing.
pub(crate) fn year(fields: &mut Fields) -> Option<Option<i16>> {
    let year = fields.integer("year", 1990, 2100)?;
    Some(year.and_then(|year| i16::try_from(year).ok()))
}
