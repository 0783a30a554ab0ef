//! The wall between workspaces, and what breaks a transaction.

use anyhow::Result;
use shared::auth::{Credential, Session};
use shared::db::statement;
use shared::problem::reasons;
use shared::{Permission, Problem, typed};
use testkit::Here;
use uuid::Uuid;

const COUNT: &str = "select count(*) from portfolio.snapshots";
const INSERT: &str = "insert into portfolio.snapshots
    (workspace_id, day, value, invested, unrealised_gain, day_change, holdings, unpriced)
    values ($1, '2026-11-20', 1, 1, 0, 0, 1, 0)";
/// The same, where Postgres is to refuse it.
const REFUSED_INSERT: &str = "insert into portfolio.snapshots
    (workspace_id, day, value, invested, unrealised_gain, day_change, holdings, unpriced)
    values ($1, '2026-11-20', 1, 1, 0, 0, 1, 0) /* refused on purpose */";

fn count(rows: &[tokio_postgres::Row]) -> i64 {
    rows[0].get(0)
}

#[tokio::test]
async fn a_read_is_one_round_trip_and_sees_only_its_workspace() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let app = here.app("portfolio-summary")?;
    let caller = asha.caller(Permission::ReadPortfolio);
    let (tx, []) = app.db().enter(&caller, []).await?;
    tx.commit([statement(INSERT, [typed(&asha.workspace_id)])]).await?;
    let before = app.db().round_trips();
    let [own] = app.db().read(&caller, [statement(COUNT, [])]).await?;
    assert_eq!(app.db().round_trips() - before, 1);
    let [others] =
        app.db().read(&ravi.caller(Permission::ReadPortfolio), [statement(COUNT, [])]).await?;
    assert_eq!((count(&own), count(&others)), (1, 0));
    Ok(())
}

#[tokio::test]
async fn a_read_leaves_no_transaction_open() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("portfolio-summary")?;
    let caller = asha.caller(Permission::ReadPortfolio);
    let admin = here.admin().await?;
    let process = "select pg_backend_pid()";
    let mut processes = Vec::new();
    for sql in [process, "select 1 / 0", process] {
        let read = app.db().read(&caller, [statement(sql, [])]).await;
        assert_eq!(read.is_ok(), sql == process);
        processes.extend(read.into_iter().map(|[rows]| rows[0].get::<_, i32>(0)));
        // Without another word on that connection.
        let state = "select state from pg_stat_activity
             where usename = 'svc_portfolio' and datname = current_database()";
        let mut asked = 0;
        while admin.query_one(state, &[]).await?.get::<_, String>(0) != "idle" {
            asked += 1;
            assert!(asked < 100, "{sql}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    assert_eq!(processes[0], processes[1], "over the same connection");
    Ok(())
}

#[tokio::test]
async fn what_is_asked_first_is_worked_on_before_the_rest_is_answered() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("portfolio-summary")?;
    let caller = asha.caller(Permission::ReadPortfolio);
    // The rest waits for a lock that goes when the first has been worked on.
    let holder = here.admin().await?;
    holder.batch_execute("select pg_advisory_lock(27)").await?;
    let (worked, works) = tokio::sync::oneshot::channel();
    let worked = std::sync::Mutex::new(Some(worked));
    let release = tokio::spawn(async move {
        works.await?;
        Ok::<_, anyhow::Error>(holder.batch_execute("select pg_advisory_unlock(27)").await?)
    });
    let first = [statement("select 'first'", [])];
    let rest = [statement("select 'rest' from pg_advisory_xact_lock_shared(27)", [])];
    let work = |[rows]: [Vec<tokio_postgres::Row>; 1]| {
        let told = worked.lock().ok().and_then(|mut worked| worked.take());
        told.map(|told| told.send(()));
        rows[0].get::<_, String>(0)
    };
    let (first, rest) = app.db().read_meanwhile(&caller, first, work, &rest).await?;
    assert_eq!((first.as_str(), rest[0][0].get(0)), ("first", "rest"));
    release.await?
}

#[tokio::test]
async fn what_failed_is_not_worked_on_and_what_fails_after_it_is_a_failure() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("portfolio-summary")?;
    let caller = asha.caller(Permission::ReadPortfolio);
    let (right, wrong) = (|| statement("select 1", []), || statement("select 1 / 0", []));
    for (first, rest, works) in [(wrong(), right(), 0), (right(), wrong(), 1)] {
        let worked = std::sync::atomic::AtomicU32::new(0);
        let work = |_: [_; 1]| worked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let read = app.db().read_meanwhile(&caller, [first], work, &[rest]).await;
        assert!(read.is_err_and(|err| err.to_string().contains("division by zero")));
        assert_eq!(worked.into_inner(), works);
        assert_eq!(app.db().read(&caller, [right()]).await?[0].len(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn without_a_workspace_nothing_is_read_or_written() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("portfolio-summary")?;
    let (tx, []) = app.db().enter(&asha.caller(Permission::ReadPortfolio), []).await?;
    tx.commit([statement(INSERT, [typed(&asha.workspace_id)])]).await?;
    // On the very connection that was inside the workspace a moment ago.
    assert_eq!(count(&app.db().query(COUNT, []).await?), 0);
    let refused = app.db().query(REFUSED_INSERT, [typed(&asha.workspace_id)]).await.unwrap_err();
    assert!(refused.to_string().contains("row-level security"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn another_workspaces_row_cannot_be_written() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let app = here.app("portfolio-summary")?;
    let (tx, []) = app.db().enter(&asha.caller(Permission::ReadPortfolio), []).await?;
    let refused =
        tx.commit([statement(REFUSED_INSERT, [typed(&ravi.workspace_id)])]).await.unwrap_err();
    assert!(refused.to_string().contains("row-level security"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn a_panic_in_a_transaction_leaves_nothing_to_the_next_request() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let app = here.app("portfolio-summary")?;
    let (db, caller, workspace) =
        (app.db().clone(), asha.caller(Permission::ReadPortfolio), asha.workspace_id);
    let panicked = tokio::spawn(async move {
        let (tx, []) = db.enter(&caller, []).await.unwrap();
        tx.query(INSERT, [typed(&workspace)]).await.unwrap();
        panic!("in the middle");
    });
    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!(count(&app.db().query(COUNT, []).await?), 0, "no workspace is left entered");
    for person in [&ravi, &asha] {
        let [rows] = app
            .db()
            .read(&person.caller(Permission::ReadPortfolio), [statement(COUNT, [])])
            .await?;
        assert_eq!(count(&rows), 0, "the half-done transaction is gone");
    }
    Ok(())
}

#[tokio::test]
async fn a_dropped_transaction_is_undone() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("portfolio-summary")?;
    let caller = asha.caller(Permission::ReadPortfolio);
    let (tx, [_]) =
        app.db().enter(&caller, [statement(INSERT, [typed(&asha.workspace_id)])]).await?;
    drop(tx);
    let [rows] = app.db().read(&caller, [statement(COUNT, [])]).await?;
    assert_eq!(count(&rows), 0);
    Ok(())
}

#[tokio::test]
async fn a_lost_connection_is_replaced_without_the_caller_noticing() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("portfolio-summary")?;
    let caller = asha.caller(Permission::ReadPortfolio);
    app.db().warm().await;
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'svc_portfolio' and datname = current_database()";
    here.admin().await?.batch_execute(kill).await?;
    let [rows] = app.db().read(&caller, [statement(COUNT, [])]).await?;
    assert_eq!(count(&rows), 0);
    here.admin().await?.batch_execute(kill).await?;
    let (first, rest) = ([statement(COUNT, [])], [statement(COUNT, [])]);
    let work = |[rows]: [Vec<tokio_postgres::Row>; 1]| count(&rows);
    let (first, rest) = app.db().read_meanwhile(&caller, first, work, &rest).await?;
    assert_eq!((first, count(&rest[0])), (0, 0));
    Ok(())
}

#[tokio::test]
async fn session_membership_and_role_are_checked_on_every_entry() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let viewer = here.member(asha.workspace_id, "viewer").await?;
    let app = here.app("portfolio-summary")?;
    let refused = async |caller: &shared::Caller| {
        let refused =
            app.db().read(caller, [statement(COUNT, [])]).await.map(|[_]| ()).unwrap_err();
        Problem::from(refused).reason()
    };
    assert_eq!(refused(&viewer.caller(Permission::WritePortfolio)).await, reasons::ROLE);
    let mut elsewhere = ravi.caller(Permission::ReadPortfolio);
    let session = Session { workspace_id: asha.workspace_id, ..ravi.session() };
    elsewhere.by = Credential::Session(session);
    assert_eq!(refused(&elsewhere).await, reasons::NOT_A_MEMBER);
    let mut borrowed = ravi.caller(Permission::ReadPortfolio);
    let session = Session { session_id: asha.session_id, ..ravi.session() };
    borrowed.by = Credential::Session(session);
    assert_eq!(refused(&borrowed).await, reasons::SESSION_ENDED);
    let admin = here.admin().await?;
    admin.execute("delete from workspaces.members where user_id = $1", &[&viewer.user_id]).await?;
    assert_eq!(refused(&viewer.caller(Permission::ReadPortfolio)).await, reasons::NOT_A_MEMBER);
    admin
        .execute("update auth.sessions set revoked_at = now() where user_id = $1", &[&ravi.user_id])
        .await?;
    assert_eq!(refused(&ravi.caller(Permission::ReadPortfolio)).await, reasons::SESSION_ENDED);
    Ok(())
}

#[tokio::test]
async fn a_refused_entry_keeps_the_connection_usable() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("portfolio-summary")?;
    let mut nobody = asha.caller(Permission::ReadPortfolio);
    let session = Session { session_id: Uuid::now_v7(), ..asha.session() };
    nobody.by = Credential::Session(session);
    assert!(
        app.db().enter(&nobody, [statement(INSERT, [typed(&asha.workspace_id)])]).await.is_err()
    );
    let rows = app.db().query("select count(*) from pg_stat_activity where state like 'idle in%' and datname = current_database()", []).await?;
    assert_eq!(count(&rows), 0);
    let [rows] =
        app.db().read(&asha.caller(Permission::ReadPortfolio), [statement(COUNT, [])]).await?;
    assert_eq!(count(&rows), 0);
    Ok(())
}

#[tokio::test]
async fn a_refusal_in_a_transaction_keeps_the_connection_and_nothing_of_what_was_done() -> Result<()>
{
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("portfolio-snapshot")?;
    let caller = asha.caller(Permission::ReadPortfolio);
    let insert = statement(INSERT, [typed(&asha.workspace_id)]);
    let process = || statement("select pg_backend_pid()", []);
    let refused = async || -> Result<i32, Problem> {
        let (tx, [rows, _]) = app.db().enter(&caller, [process(), insert]).await?;
        tx.query("select 1", []).await?;
        Err(Problem::new(reasons::NOT_FOUND).with("process", rows[0].get::<_, i32>(0)))
    };
    let Err(problem) = refused().await else { panic!("it is refused") };
    let before = app.db().round_trips();
    let [rows, process] = app.db().read(&caller, [statement(COUNT, []), process()]).await?;
    assert_eq!(count(&rows), 0, "what was done is undone");
    let was = problem.document("r")["process"].as_i64();
    assert_eq!(was, Some(process[0].get::<_, i32>(0).into()), "over the same connection");
    assert_eq!(app.db().round_trips() - before, 2, "one to undo and one to read");
    Ok(())
}

#[tokio::test]
async fn what_a_request_leaves_open_ends_with_it_and_locks_nobody() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("portfolio-snapshot")?;
    let caller = asha.caller(Permission::ReadPortfolio);
    let lock = statement("select pg_advisory_xact_lock(28)", []);
    drop(app.db().enter(&caller, [lock]).await?);
    let admin = here.admin().await?;
    let free = "select pg_try_advisory_lock(28)";
    assert!(!admin.query_one(free, &[]).await?.get::<_, bool>(0), "held until then");
    app.settle().await;
    assert!(admin.query_one(free, &[]).await?.get::<_, bool>(0));
    Ok(())
}

#[tokio::test]
#[cfg(debug_assertions)]
async fn asking_for_the_connection_inside_a_transaction_panics_where_it_would_wait_for_itself()
-> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("portfolio-summary")?;
    let again = tokio::spawn(async move {
        let caller = asha.caller(Permission::ReadPortfolio);
        let held = app.db().enter(&caller, []).await;
        let again = app.db().read(&caller, [statement(COUNT, [])]).await;
        drop(held);
        again.is_ok()
    });
    assert!(again.await.is_err_and(|err| err.is_panic()));
    Ok(())
}
