//! Fields that several requests have.

use std::collections::BTreeSet;

use ledger::{Isin, Place};
use shared::Problem;
use shared::problem::reasons::NOT_FOUND;
use shared::request::{Reader, id, whole};
use stores::fields::isin;
use stores::health::Health;
use stores::ledger::Book;
use uuid::Uuid;

/// How fresh the account that is asked for is, or every one. An account of somebody else's is none, not one with nothing
/// in it.
pub(crate) fn of_account(
    mut healths: Vec<Health>,
    account: Option<Uuid>,
) -> Result<Vec<Health>, Problem> {
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
pub(crate) fn of_holder(
    all: Vec<Health>,
    account: Option<Uuid>,
    holder_of: Option<Uuid>,
) -> Result<Vec<Health>, Problem> {
    let Some(one) = holder_of else { return of_account(all, account) };
    let known = all.iter().find(|health| health.account_id == one);
    let holder = known.ok_or_else(|| Problem::new(NOT_FOUND))?.holder.clone();
    let mut healths = of_account(all, account)?;
    healths
        .retain(|health| health.account_id == one || holder.is_some() && health.holder == holder);
    Ok(healths)
}

shared::request! {
    /// At which level figures are asked for: the whole workspace, a holder, an account, a security, or several of these.
    pub(crate) struct Level {
        /// Only of this account; of a schedule, whose holder's it is.
        pub(crate) account_id: Option<Uuid> = id(),
        /// Only of whoever has this account, in all of their accounts.
        holder_of: Option<Uuid> = id(),
        /// Only of this security, with what its shares came from or went into.
        isin: Option<Isin> = isin(),
    }
}

impl Level {
    /// How fresh its accounts are, and what is in it. Of a security, so is what its shares came from or went into:
    /// alone it would lose what left it.
    pub(crate) fn within(&self, book: &Book) -> Result<(Vec<Health>, Within), Problem> {
        let healths = of_holder(book.healths.clone(), self.account_id, self.holder_of)?;
        let some = self.account_id.is_some() || self.holder_of.is_some();
        let accounts = some.then(|| healths.iter().map(|health| health.account_id).collect());
        let isins = self
            .isin
            .map(|isin| ledger::returns::with_relatives(&book.events, BTreeSet::from([isin])));
        Ok((healths, Within { accounts, isins }))
    }
}

/// What is in a level.
pub(crate) struct Within {
    accounts: Option<BTreeSet<Uuid>>,
    isins: Option<BTreeSet<Isin>>,
}

impl Within {
    pub(crate) fn has(&self, place: &Place) -> bool {
        self.accounts.as_ref().is_none_or(|accounts| accounts.contains(&place.account))
            && self.isins.as_ref().is_none_or(|isins| isins.contains(&place.isin))
    }
}

/// The year in which a financial year begins.
pub(crate) fn financial_year() -> impl Reader<Value = i16> {
    whole(1990, 2100)
}
