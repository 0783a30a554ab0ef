//! AccountChoice a file is: the account it goes to, and what of a consolidated statement is that account's.

use serde_json::Value;
use shared::Problem;
use statements::{Part, Place, RowError, Statement};
use stores::accounts::{Account as Stored, Links};
use uuid::Uuid;

use super::report::candidate;
use super::request::ImportRequest;
use super::store::Account;
use crate::reasons;

/// The broker of folios outside demat, as accounts have it.
const FUNDS: &str = "mutual_funds";

/// What is known of whose a file may be.
pub(super) struct AccountChoice<'a> {
    pub(super) request: &'a ImportRequest,
    pub(super) accounts: &'a [Stored],
    pub(super) links: &'a Links,
}

impl<'a> AccountChoice<'a> {
    /// The account of a file, and what of the file is its own.
    pub(super) fn choose(&self, parts: Vec<Statement>) -> Result<(Statement, Account), Problem> {
        let named = self.named()?;
        let of_folios = |part: &Statement| matches!(part.part, Part::Folio { .. });
        if parts.iter().all(of_folios) {
            let account = self.of_folios(&parts, named)?;
            let (statement, holder) = self.folios(parts, account.id())?;
            return Ok((statement, account.of(holder, None)));
        }
        let part = self.part(parts, named)?;
        let demat = part.part.demat_id();
        let linked = self.links.of(&part.part).and_then(|linked| self.stored(linked));
        let account = match (linked, named) {
            (Some(linked), named) => {
                if named.is_some_and(|named| named.account_id != linked.account_id)
                    || self.contradicts(linked)
                {
                    return Err(Problem::new(reasons::OTHER_ACCOUNT));
                }
                Account::known(linked.account_id)
            }
            (None, named) => self.account(&part, named)?,
        };
        if demat.is_some()
            && self.links.demat_of(account.id()).is_some_and(|own| Some(own) != demat.as_deref())
        {
            return Err(Problem::new(reasons::OTHER_ACCOUNT));
        }
        Ok((part, account.of(self.request.holder.clone(), demat)))
    }

    fn stored(&self, account: Uuid) -> Option<&'a Stored> {
        self.accounts.iter().find(|stored| stored.account_id == account)
    }

    /// Whether the request says another broker or client than an account's.
    fn contradicts(&self, account: &Stored) -> bool {
        let other = |said: &Option<String>, is: &str| said.as_ref().is_some_and(|said| said != is);
        other(&self.request.broker, &account.broker)
            || other(&self.request.client_id, &account.client_id)
    }

    /// The account the request names by its id.
    fn named(&self) -> Result<Option<&'a Stored>, Problem> {
        let Some(wanted) = self.request.account_id else { return Ok(None) };
        let named = self.accounts.iter().find(|account| account.account_id == wanted);
        named.map(Some).ok_or_else(|| Problem::new(reasons::NO_ACCOUNT))
    }

    /// The only part of a file, or of several demat accounts the one that is meant; the others are named.
    fn part(&self, parts: Vec<Statement>, named: Option<&Stored>) -> Result<Statement, Problem> {
        let ids: Vec<_> = parts.iter().filter_map(|part| part.part.demat_id()).collect();
        let only = parts.len() == 1;
        let named = named.map(|named| named.account_id);
        let meant = |part: &Statement| match &self.request.demat_id {
            Some(id) => part.part.is_demat(id) || part.part == Part::Account,
            None => only || named.is_some() && self.links.of(&part.part) == named,
        };
        let (mut own, others): (Vec<_>, Vec<_>) = parts.into_iter().partition(meant);
        let Some(mut part) = own.pop().filter(|_| own.is_empty()) else {
            return Err(Problem::new(reasons::SEVERAL_DEMAT_ACCOUNTS).with("dematIds", ids));
        };
        let left = others.iter().filter_map(|other| other.part.demat_id());
        let why = "is another demat account; import the file again with its `dematId`";
        part.warnings.extend(left.map(|id| left_out("dematId", &id, why)));
        Ok(part)
    }

    /// The account that is named, or the client that the file or the request names.
    fn account(&self, statement: &Statement, named: Option<&Stored>) -> Result<Account, Problem> {
        let broker = statement.broker.or(self.request.broker.as_deref());
        let client = statement.client_id.as_deref().or(self.request.client_id.as_deref());
        if statement.client_id.is_some()
            && self.request.client_id.as_deref().is_some_and(|id| Some(id) != client)
        {
            return Err(Problem::new(reasons::OTHER_ACCOUNT));
        }
        if let Some(named) = named {
            let same = broker.is_none_or(|broker| broker == named.broker)
                && client.is_none_or(|client| client == named.client_id);
            return if same {
                Ok(Account::known(named.account_id))
            } else {
                Err(Problem::new(reasons::OTHER_ACCOUNT))
            };
        }
        let (Some(broker), Some(client)) = (broker, client) else {
            let of_broker = |account: &Stored| broker.is_none_or(|broker| account.broker == broker);
            return Err(self.required(&statement.part, of_broker));
        };
        let known = self
            .accounts
            .iter()
            .find(|account| account.broker == broker && account.client_id == client);
        Ok(known.map_or_else(
            || Account::new(broker, client, self.request.label.as_deref()),
            |known| Account::known(known.account_id),
        ))
    }

    fn required(&self, part: &Part, may_be: impl Fn(&Stored) -> bool) -> Problem {
        let candidates = self.accounts.iter().filter(|account| may_be(account));
        let candidates: Vec<Value> = candidates.map(candidate).collect();
        let problem = Problem::new(reasons::ACCOUNT_REQUIRED).with("candidates", candidates);
        match part.demat_id() {
            Some(id) => problem.with("dematId", id),
            None => problem,
        }
    }

    /// The account that folios are of: the named one, the client's, or the one that all of them are linked to.
    fn of_folios(&self, parts: &[Statement], named: Option<&Stored>) -> Result<Account, Problem> {
        let linked =
            |account: Uuid| parts.iter().any(|part| self.links.of(&part.part) == Some(account));
        let by_client = self.accounts.iter().find(|account| {
            (self.request.broker.as_ref(), self.request.client_id.as_ref())
                == (Some(&account.broker), Some(&account.client_id))
        });
        if let Some(named) = named.or(by_client).filter(|named| linked(named.account_id)) {
            return if self.contradicts(named) {
                Err(Problem::new(reasons::OTHER_ACCOUNT))
            } else {
                Ok(Account::known(named.account_id))
            };
        }
        if self.request.broker.as_deref().is_some_and(|broker| broker != FUNDS) {
            // Nothing of the file is linked to an account of that broker.
            return Err(Problem::new(reasons::NO_FOLIO));
        }
        let first = parts.first().and_then(|part| self.links.of(&part.part));
        let one = parts.iter().all(|part| self.links.of(&part.part) == first);
        match (first, named, &self.request.client_id) {
            (Some(account), None, None) if one => Ok(Account::known(account)),
            (_, None, None) => {
                let may_be =
                    |account: &Stored| account.broker == FUNDS || linked(account.account_id);
                Err(self.required(&Part::Account, may_be))
            }
            _ => match parts.first() {
                Some(part) => self.account(part, named),
                None => Err(Problem::new(reasons::NO_ROWS)),
            },
        }
    }

    /// What of a statement is an account's, and whose that is: the folios that are linked to it and, of an account for
    /// folios, those that are linked to none; of all of them only its holder's. What is left out is named.
    fn folios(
        &self,
        parts: Vec<Statement>,
        account: Uuid,
    ) -> Result<(Statement, Option<String>), Problem> {
        let stored = self.stored(account);
        let takes_free = stored.is_none_or(|stored| stored.broker == FUNDS);
        let may_be_own = |part: &Statement| match self.links.of(&part.part) {
            Some(linked) => linked == account,
            None => takes_free,
        };
        let holder = self.holder(parts.iter().filter(|part| may_be_own(part)), stored)?;
        let several = parts.iter().any(|part| holder_of(part).is_some_and(|of| Some(of) != holder));
        let (mut own, mut left) = (Vec::new(), Vec::new());
        for part in parts {
            let Part::Folio { number, holder: of } = &part.part else { continue };
            let why = match (self.links.of(&part.part), of) {
                (_, Some(of)) if Some(of) != holder.as_ref() && holder.is_some() => {
                    Some("is somebody else's; import the file into an account of theirs, too")
                }
                (Some(linked), _) if linked == account => None,
                (Some(_), _) => {
                    Some("is linked to another account; import the file into that one, too")
                }
                (None, None) if takes_free && several => Some(
                    "has no holder in this file; link it with `PATCH /v1/accounts/{accountId}` to whose it is",
                ),
                (None, _) if takes_free => None,
                (None, _) => {
                    Some("is linked to no account; link it with `PATCH /v1/accounts/{accountId}`")
                }
            };
            match why {
                None => own.push(part),
                Some(why) => left.push(left_out("folio", number, why)),
            }
        }
        let Some(mut statement) = Statement::join(own) else {
            let left = super::report::faults(&left);
            return Err(Problem::new(reasons::NO_FOLIO).with("leftOut", left));
        };
        statement.warnings.extend(left);
        Ok((statement, holder))
    }

    /// AccountChoice the folios of an account are: as the request says, as the account's owner has said, or as all of them say.
    fn holder<'p>(
        &self,
        own: impl Iterator<Item = &'p Statement>,
        stored: Option<&Stored>,
    ) -> Result<Option<String>, Problem> {
        let stated = stored.and_then(|stored| stored.holder.clone());
        if let Some(asked) = &self.request.holder {
            return match stated {
                Some(stated) if stated != *asked => Err(Problem::new(reasons::OTHER_ACCOUNT)),
                _ => Ok(Some(asked.clone())),
            };
        }
        if stated.is_some() {
            return Ok(stated);
        }
        let mut holders = own.filter_map(holder_of);
        let first = holders.next();
        if holders.all(|holder| Some(&holder) == first.as_ref()) {
            return Ok(first);
        }
        Err(Problem::new(reasons::SEVERAL_OWNERS))
    }
}

fn holder_of(part: &Statement) -> Option<String> {
    match &part.part {
        Part::Folio { holder, .. } => holder.clone(),
        _ => None,
    }
}

fn left_out(column: &str, what: &str, why: &str) -> RowError {
    let place = Place { sheet: None, row: 0 };
    RowError { place, column: column.into(), reason: format!("{what} {why}") }
}
