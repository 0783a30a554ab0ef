//! What a file of events asserts beside them: units in folios, and a broker's own report of gains.

use jiff::civil::Date;
use serde_json::Value;
use shared::db::{Statement, statement};
use shared::{Problem, clock, typed};
use statements::Exits;
use uuid::Uuid;

/// What is in each folio; what stands in it twice is together.
pub(super) fn units_of<'a>(
    (import_id, account_id, _): &'a (Uuid, Uuid, Date),
    folios: &'a Value,
) -> Statement<'a> {
    statement(
        "insert into imports.folio_units (workspace_id, import_id, account_id, isin, folio, name, statement_on, units, cost)
         select current_setting('app.workspace_id')::uuid, $1, $2, f.isin, coalesce(f.folio, ''), min(f.name), max(f.\"on\"),
                sum(f.units), case when bool_and(f.cost is not null or f.units = 0) then sum(f.cost) end
         from jsonb_to_recordset($3) as f (isin text, folio text, name text, \"on\" date, units numeric, cost numeric)
         group by f.isin, f.folio
         on conflict on constraint folio_units_pk do nothing",
        [typed(import_id), typed(account_id), typed(folios)],
    )
}

/// What a report of gains says, as it is stored.
pub(super) struct Stated {
    from: Date,
    to: Date,
    whole: bool,
    exits: Value,
}

impl Stated {
    /// A report of a year that has not ended is complete until its newest sale: what came since it does not know.
    pub(super) fn of(exits: &Exits, as_of: Date, whole: bool) -> Result<Self, Problem> {
        let today = clock::india_day(clock::now());
        let days = exits.rows.iter().map(|exit| exit.sold_on);
        let found = days.clone().min().zip(days.max()).unwrap_or((as_of, as_of));
        let (from, to) = exits.period.unwrap_or(found);
        let to = if to >= today { found.1 } else { to.max(found.1) };
        let from = from.min(found.0);
        let exits = serde_json::to_value(&exits.rows).map_err(Problem::internal)?;
        Ok(Self { from, to, whole, exits })
    }

    pub(super) fn store<'a>(
        &'a self,
        (import_id, account_id, _): &'a (Uuid, Uuid, Date),
    ) -> Statement<'a> {
        statement(
            "insert into imports.stated_gains (workspace_id, import_id, account_id, from_on, to_on, exits, whole)
             select current_setting('app.workspace_id')::uuid, $1, $2, $3, $4, $5, $6
             where jsonb_array_length($5) > 0",
            [
                typed(import_id),
                typed(account_id),
                typed(&self.from),
                typed(&self.to),
                typed(&self.exits),
                typed(&self.whole),
            ],
        )
    }
}
