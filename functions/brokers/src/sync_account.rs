//! Queue `sync-account`: brings one account up to date: values it at the newest prices.

use jiff::civil::Date;
use ledger::{Totals, totals};
use shared::db::{Statement, statement};
use shared::events::{self, AccountRefreshDue, AccountValued, Envelope};
use shared::queue::{Consumer, Delivery};
use shared::{App, Problem, clock, typed};
use stores::ledger::BookOn;
use uuid::Uuid;

/// Consumes [`AccountRefreshDue`].
pub fn consumer() -> Consumer {
    Consumer::of(sync_account)
}

async fn sync_account(app: App, delivery: Delivery<AccountRefreshDue>) -> Result<(), Problem> {
    let account_id = delivery.event.account_id;
    let day = clock::india_day(clock::now());
    let question = BookOn::new(day);
    let Some((tx, answers)) = delivery.enter(&app, question.statements()).await? else {
        return Ok(());
    };
    let totals = totals(&question.read(&answers)?.holdings_in(Some(account_id)));
    let event = Envelope::new(delivery.workspace_id, &AccountValued { account_id })?;
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let counts = [count(totals.holdings), count(totals.unpriced)];
    tx.commit([store(&account_id, &day, &totals, &counts), event.publish()]).await?;
    events::dispatch(&app, &[event]).await;
    Ok(())
}

/// An account that was deleted meanwhile has nothing to be valued.
fn store<'a>(
    account: &'a Uuid,
    day: &'a Date,
    totals: &'a Totals,
    counts: &'a [i32; 2],
) -> Statement<'a> {
    statement(
        "insert into brokers.account_values (workspace_id, account_id, day, value, invested, holdings, unpriced)
         select a.workspace_id, a.account_id, $2, $3, $4, $5, $6 from brokers.accounts a where a.account_id = $1
         on conflict on constraint account_values_pk do update
         set value = excluded.value, invested = excluded.invested, holdings = excluded.holdings,
             unpriced = excluded.unpriced, valued_at = now()",
        [
            typed(account),
            typed(day),
            typed(&totals.value.0),
            typed(&totals.invested.0),
            typed(&counts[0]),
            typed(&counts[1]),
        ],
    )
}
