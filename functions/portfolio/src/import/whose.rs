//! Whose a file is: the account it goes to, and what of a consolidated statement is that account's.

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
pub(super) struct Whose<'a> {
    pub(super) request: &'a ImportRequest,
    pub(super) accounts: &'a [Stored],
    pub(super) links: &'a Links,
}

impl<'a> Whose<'a> {
    /// The account of a file, and what of the file is its own.
    pub(super) fn choose(&self, parts: Vec<Statement>) -> Result<(Statement, Account), Problem> {
        let named = self.named()?;
        let of_folios = |part: &Statement| matches!(part.part, Part::Folio { .. });
        if parts.iter().all(of_folios) {
            let account = self.of_folios(&parts, named)?;
            return Ok((self.folios(parts, &account)?, account));
        }
        let part = self.part(parts, named)?;
        let account = match (self.links.of(&part.part), named) {
            (Some(linked), Some(named)) if linked != named.account_id => {
                return Err(Problem::new(reasons::OTHER_ACCOUNT));
            }
            (Some(linked), _) => Account::known(linked),
            (None, named) => self.account(&part, named)?,
        };
        Ok((part, account))
    }

    /// The account the request names by its id.
    fn named(&self) -> Result<Option<&'a Stored>, Problem> {
        let Some(wanted) = self.request.account_id else { return Ok(None) };
        let named = self.accounts.iter().find(|account| account.account_id == wanted);
        named.map(Some).ok_or_else(|| Problem::new(reasons::NO_ACCOUNT))
    }

    /// The only part of a file, or of several demat accounts the one that is meant.
    fn part(&self, parts: Vec<Statement>, named: Option<&Stored>) -> Result<Statement, Problem> {
        let ids: Vec<_> = parts.iter().filter_map(|part| part.part.demat_id()).collect();
        let only = parts.len() == 1;
        let meant = |part: &Statement| match &self.request.demat_id {
            Some(id) => part.part.is_demat(id) || part.part == Part::Account,
            None => {
                only || named.is_some()
                    && self.links.of(&part.part) == named.map(|one| one.account_id)
            }
        };
        let mut meant = parts.into_iter().filter(meant);
        match (meant.next(), meant.next()) {
            (Some(part), None) => Ok(part),
            _ => Err(Problem::new(reasons::SEVERAL_DEMAT_ACCOUNTS).with("dematIds", ids)),
        }
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
        if let Some(named) = named.filter(|named| linked(named.account_id)) {
            return Ok(Account::known(named.account_id));
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

    /// What of a statement is an account's: the folios that are linked to it and, of an account for folios, those that are
    /// linked to none and are its holder's. What is left out is named.
    fn folios(&self, parts: Vec<Statement>, account: &Account) -> Result<Statement, Problem> {
        let stored = self.accounts.iter().find(|stored| stored.account_id == account.id());
        let takes_free = stored.is_none_or(|stored| stored.broker == FUNDS);
        let holder = if takes_free { self.holder(&parts, stored)? } else { None };
        let (mut own, mut left) = (Vec::new(), Vec::new());
        for part in parts {
            let Part::Folio { number, holder: of } = &part.part else { continue };
            let others = of.is_some() && holder.is_some() && *of != holder;
            let why = match self.links.of(&part.part) {
                Some(linked) if linked == account.id() => None,
                Some(_) => Some("is linked to another account; import the file into that one, too"),
                None if !takes_free => {
                    Some("is linked to no account; link it with `PATCH /v1/accounts/{accountId}`")
                }
                None if others => {
                    Some("is somebody else's; import the file into an account of theirs, too")
                }
                None => None,
            };
            match why {
                None => own.push(part),
                Some(why) => left.push(left_out(number, why)),
            }
        }
        let Some(mut statement) = Statement::join(own) else {
            return Err(
                Problem::new(reasons::NO_FOLIO).with("leftOut", super::report::faults(&left))
            );
        };
        statement.warnings.extend(left);
        Ok(statement)
    }

    /// Whose the folios of an account are, where it matters: as the request says, as the account's owner has said, or as
    /// all folios that are linked to none say.
    fn holder(
        &self,
        parts: &[Statement],
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
        let free = parts.iter().filter(|part| self.links.of(&part.part).is_none());
        let mut holders = free.filter_map(|part| match &part.part {
            Part::Folio { holder, .. } => holder.clone(),
            _ => None,
        });
        let first = holders.next();
        if holders.all(|holder| Some(&holder) == first.as_ref()) {
            return Ok(first);
        }
        Err(Problem::new(reasons::SEVERAL_OWNERS))
    }
}

fn left_out(folio: &str, why: &str) -> RowError {
    let place = Place { sheet: None, row: 0 };
    RowError { place, column: "folio".into(), reason: format!("{folio} {why}") }
}
