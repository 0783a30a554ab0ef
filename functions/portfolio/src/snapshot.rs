//! Queue `snapshot`: what a workspace and each of its accounts is worth on a day.
//!
//! It computes from what is in the database, not from the message, so events may come late, twice
//! or out of order: the last one to be consumed leaves the newest figures. After a day is sealed its figures stay.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use ledger::{Holding, Totals, summarise};
use serde_json::{Value, json};
use shared::db::{Statement, statement};
use shared::events::{Envelope, Event, PortfolioRefreshed, RevaluationDue};
use shared::queue::{Consumer, Delivery};
use shared::{App, Problem, clock, typed};
use stores::ledger::BookOn;
use uuid::Uuid;

/// Consumes every event after which a workspace may be worth something else.
pub fn consumer() -> Consumer {
    Consumer::of_any(snapshot)
}

async fn snapshot(app: App, delivery: Delivery<Value>) -> Result<(), Problem> {
    let due = (delivery.name == RevaluationDue::NAME).then(|| delivery.fact::<RevaluationDue>());
    let due = due.transpose()?;
    let day = due.as_ref().map_or_else(|| clock::india_day(clock::now()), |due| due.day);
    // Snapshots of one workspace one after another: an older book must not overwrite a newer one.
    let turn = statement(
        "select pg_advisory_xact_lock(hashtextextended('snapshot/' || current_setting('app.workspace_id'), 0))",
        [],
    );
    let Some((tx, [_])) = delivery.enter(&app, [turn]).await? else { return Ok(()) };
    let question = BookOn::closing(day);
    let [one, two, three, four, five] = question.statements();
    let [accounts, answers @ ..] =
        tx.batch([stores::accounts::all(), one, two, three, four, five]).await?;
    let begun = accounts.iter().map(stores::accounts::Account::from);
    let begun = begun.filter(|account| clock::india_day(account.created_at) <= day);
    let begun: BTreeSet<_> = begun.map(|account| account.account_id).collect();
    if begun.is_empty() {
        // There was nothing yet, or there is nothing any more.
        tx.commit([]).await?;
        return Ok(());
    }
    let seal = due.as_ref().is_some_and(|due| due.seal);
    let worth = Worth::of(question.read(&answers)?.holdings, &begun, seal);
    let Some(due) = due else {
        tx.commit([worth.of_all(&day), worth.of_each(&day)]).await?;
        return Ok(());
    };
    let told = PortfolioRefreshed { day, sealed: due.seal };
    let event = Envelope::new(delivery.workspace_id, &told)?;
    tx.publish(event);
    tx.commit([worth.of_all(&day), worth.of_each(&day)]).await?;
    Ok(())
}

/// Figures as the tables hold them.
struct Worth {
    totals: Totals,
    counts: [i32; 2],
    each: Value,
    seal: bool,
}

impl Worth {
    /// Of a workspace and the accounts it had by then.
    fn of(mut holdings: Vec<Holding>, begun: &BTreeSet<Uuid>, seal: bool) -> Self {
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        holdings.retain(|holding| begun.contains(&holding.account));
        let summary = summarise(&holdings);
        let mut sums: BTreeMap<Uuid, Totals> =
            summary.accounts.into_iter().map(|sums| (sums.account, sums.totals)).collect();
        let each = begun.iter().map(|account_id| {
            let totals = sums.remove(account_id).unwrap_or_default();
            json!({
                "account_id": account_id, "value": totals.value, "invested": totals.invested,
                "holdings": count(totals.holdings), "unpriced": count(totals.unpriced),
            })
        });
        let each = each.collect();
        let totals = summary.totals;
        Self { counts: [count(totals.holdings), count(totals.unpriced)], totals, each, seal }
    }

    fn of_all<'a>(&'a self, day: &'a Date) -> Statement<'a> {
        let Self { totals, counts, .. } = self;
        statement(
            "insert into portfolio.snapshots as s
                 (workspace_id, day, value, invested, unrealised_gain, day_change, holdings, unpriced, prices_on, sealed_at)
             values (current_setting('app.workspace_id')::uuid, $1, $2, $3, $4, $5, $6, $7, $8, case when $9 then now() end)
             on conflict on constraint snapshots_pk do update
             set value = excluded.value, invested = excluded.invested, unrealised_gain = excluded.unrealised_gain,
                 day_change = excluded.day_change, holdings = excluded.holdings, unpriced = excluded.unpriced,
                 prices_on = excluded.prices_on, taken_at = now(), sealed_at = excluded.sealed_at
             where s.sealed_at is null",
            [
                typed(day),
                typed(&totals.value.0),
                typed(&totals.invested.0),
                typed(&totals.unrealised_gain.0),
                typed(&totals.day_change.0),
                typed(&counts[0]),
                typed(&counts[1]),
                typed(&totals.as_of),
                typed(&self.seal),
            ],
        )
    }

    /// An account that was deleted meanwhile has no worth.
    fn of_each<'a>(&'a self, day: &'a Date) -> Statement<'a> {
        statement(
            "insert into portfolio.account_values as v
                 (workspace_id, account_id, day, value, invested, holdings, unpriced, sealed_at)
             select a.workspace_id, a.account_id, $1, w.value, w.invested, w.holdings, w.unpriced,
                    case when $3 then now() end
             from jsonb_to_recordset($2) as w (account_id uuid, value numeric, invested numeric, holdings int, unpriced int)
             join brokers.accounts a on a.account_id = w.account_id
             on conflict on constraint account_values_pk do update
             set value = excluded.value, invested = excluded.invested, holdings = excluded.holdings,
                 unpriced = excluded.unpriced, valued_at = now(), sealed_at = excluded.sealed_at
             where v.sealed_at is null",
            [typed(day), typed(&self.each), typed(&self.seal)],
        )
    }
}
