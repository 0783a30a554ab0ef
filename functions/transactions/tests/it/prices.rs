//! What a security cost on a day, and what it costs now.

use anyhow::{Result, ensure};
use testkit::Here;
use tokio_postgres::Client;

use crate::events::begin;

/// A year of prices of a security: gaps of a day, of a week, of eight days and of months; days on which both sources have
/// a price, and one has.
fn a_year_of(isin: &str) -> String {
    format!(
        "insert into transactions.prices (isin, on_date, source, close, previous_close)
         select '{isin}', day, source, 100 + row_number() over (), case when source = 'nse' then 99 end
         from unnest('{{2026-01-01,2026-01-02,2026-01-09,2026-01-17,2026-06-30,2026-11-20}}'::date[]) day,
              unnest('{{nse,amfi}}'::text[]) source
         where not (day in ('2026-01-09', '2026-06-30') and source = 'nse')"
    )
}

#[tokio::test]
async fn the_price_of_a_day_is_the_newest_until_then_however_old_that_is() -> Result<()> {
    let here = Here::start().await?;
    let admin = here.admin().await?;
    admin.batch_execute(&a_year_of("INE002A01018")).await?;
    let differing = "
        select day::date::text, p, w
        from generate_series('2025-12-25', '2026-12-31', interval '1 day') day
        left join lateral (select to_jsonb(x) as p from transactions.price_on('INE002A01018', day::date) x) p on true
        left join lateral (
            select jsonb_build_object('close', n.close, 'on_date', n.on_date, 'source', n.source, 'previous', coalesce(
                n.previous_close, (select b.close from transactions.prices b
                                   where b.on_date < n.on_date and b.source = n.source order by b.on_date desc limit 1))) as w
            from transactions.prices n
            where n.on_date <= day
            order by n.on_date desc, n.source desc
            limit 1
        ) w on true
        where p is distinct from w";
    assert_eq!(days(&admin, differing).await?, Vec::<String>::new());
    let known = "select count(*) from generate_series(0, 371) n, transactions.price_on('INE002A01018', '2025-12-25'::date + n)";
    assert_eq!(admin.query_one(known, &[]).await?.get::<_, i64>(0), 365, "from the first price on");
    Ok(())
}

async fn days(admin: &Client, differing: &str) -> Result<Vec<String>> {
    Ok(admin.query(differing, &[]).await?.iter().map(|row| row.get(0)).collect())
}

#[tokio::test]
async fn a_book_of_any_day_has_the_prices_of_that_day() -> Result<()> {
    let here = Here::start().await?;
    begin(&here).await?;
    let admin = here.admin().await?;
    admin.batch_execute(&a_year_of("INE925R01014")).await?;
    let differing = "
        select day::date::text
        from generate_series('2025-12-25', '2026-12-31', interval '1 day') day
        left join lateral portfolio.securities(day::date) s on s.isin = 'INE925R01014'
        left join lateral transactions.price_on('INE925R01014', day::date) p on true
        where s.isin is null or (s.close, s.on_date, s.price_source) is distinct from (p.close, p.on_date, p.source)";
    assert_eq!(days(&admin, differing).await?, Vec::<String>::new());
    let known = "select count(*) from generate_series(0, 371) n, portfolio.securities('2025-12-25'::date + n) s
                 where s.close is not null";
    assert_eq!(admin.query_one(known, &[]).await?.get::<_, i64>(0), 365, "from the first price on");
    Ok(())
}

/// Securities whose newest price, as it is kept, is not what the history of prices says.
async fn out_of_date(admin: &Client) -> Result<Vec<String>> {
    let differing = "
        select isin from (
            select s.isin, p.close, p.previous, p.on_date, p.source
            from (select distinct isin from transactions.prices) s
            cross join lateral transactions.price_on(s.isin, '2100-01-01') p) history
        full join transactions.newest_prices kept using (isin, close, on_date, source)
        where history.previous is distinct from kept.previous or history.isin is null or kept.isin is null
        order by isin";
    Ok(admin.query(differing, &[]).await?.iter().map(|row| row.get("isin")).collect())
}

const WRITE: &str = "
    insert into transactions.prices (isin, on_date, source, close, previous_close)
    select distinct on (1, 2, 3)
           'INE00000000' || floor(random() * 4), '2026-11-01'::date + floor(random() * 8)::int,
           (array['nse', 'amfi'])[1 + floor(random() * 2)::int], 1 + floor(random() * 9),
           case when random() < 0.5 then 1 + floor(random() * 9) end
    from generate_series(1, 1 + floor(random() * 4)::int)
    on conflict (isin, on_date, source)
    do update set close = excluded.close, previous_close = excluded.previous_close";

#[tokio::test]
async fn the_newest_price_is_kept_whatever_is_written_of_prices() -> Result<()> {
    let here = Here::start().await?;
    let admin = here.admin().await?;
    admin.batch_execute("select setseed(0.5)").await?;
    let correct = "update transactions.prices set close = close + 1, previous_close = null where random() < 0.2";
    let remove = "delete from transactions.prices where random() < 0.3";
    let another = "
        update transactions.prices p set isin = 'INE00000000' || (9 - right(p.isin, 1)::int)
        where random() < 0.2 and not exists (
            select from transactions.prices q
            where (q.isin, q.on_date, q.source) = ('INE00000000' || (9 - right(p.isin, 1)::int), p.on_date, p.source))";
    for round in 0..60 {
        for what in [WRITE, correct, another, WRITE, remove] {
            admin.batch_execute(what).await?;
            ensure!(out_of_date(&admin).await?.is_empty(), "round {round}: {what}");
        }
    }
    let kept = "select count(*) from transactions.newest_prices";
    assert_ne!(admin.query_one(kept, &[]).await?.get::<_, i64>(0), 0);
    admin.batch_execute("truncate transactions.prices").await?;
    assert_eq!(admin.query_one(kept, &[]).await?.get::<_, i64>(0), 0);
    Ok(())
}

#[tokio::test]
async fn of_two_loads_at_once_the_newer_price_stays() -> Result<()> {
    let here = Here::start().await?;
    let (one, other) = (here.admin().await?, here.admin().await?);
    let price = |day: u8| {
        format!(
            "insert into transactions.prices (isin, on_date, source, close) values ('INE002A01018', '2026-11-{day:02}', 'nse', {day})"
        )
    };
    one.batch_execute(&price(1)).await?;
    for (first, second) in [(4, 3), (5, 6)] {
        one.batch_execute(&format!("begin; {}", price(first))).await?;
        let second = tokio::spawn({
            let (other, second) = (here.admin().await?, price(second));
            async move { other.batch_execute(&second).await }
        });
        let waits = "select exists (select from pg_stat_activity
            where wait_event_type = 'Lock' and datname = current_database())";
        while !other.query_one(waits, &[]).await?.get::<_, bool>(0) {
            ensure!(!second.is_finished(), "the second load did not wait");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        one.batch_execute("commit").await?;
        second.await??;
        assert_eq!(out_of_date(&one).await?, Vec::<String>::new());
    }
    let newest = "select on_date::text from transactions.newest_prices";
    assert_eq!(one.query_one(newest, &[]).await?.get::<_, &str>(0), "2026-11-06");
    Ok(())
}
