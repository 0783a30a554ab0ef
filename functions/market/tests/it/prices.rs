//! What a security cost on a day, and what it costs now.

use anyhow::{Result, ensure};
use testkit::{Form, Here};
use tokio_postgres::Client;

/// A year of prices of a security: gaps of a day, of a week, of eight days and of months; days on which both sources have
/// a price, and one has.
fn a_year_of(isin: &str) -> String {
    format!(
        "insert into market.prices (isin, on_date, source, close, previous_close)
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
        left join lateral (select to_jsonb(x) as p from market.price_on('INE002A01018', day::date) x) p on true
        left join lateral (
            select jsonb_build_object('close', n.close, 'on_date', n.on_date, 'source', n.source, 'previous', coalesce(
                n.previous_close, (select b.close from market.prices b
                                   where b.on_date < n.on_date and b.source = n.source order by b.on_date desc limit 1))) as w
            from market.prices n
            where n.on_date <= day
            order by n.on_date desc, n.source desc
            limit 1
        ) w on true
        where p is distinct from w";
    assert_eq!(days(&admin, differing).await?, Vec::<String>::new());
    let known = "select count(*) from generate_series(0, 371) n, market.price_on('INE002A01018', '2025-12-25'::date + n)";
    assert_eq!(admin.query_one(known, &[]).await?.get::<_, i64>(0), 365, "from the first price on");
    Ok(())
}

async fn days(admin: &Client, differing: &str) -> Result<Vec<String>> {
    Ok(admin.query(differing, &[]).await?.iter().map(|row| row.get(0)).collect())
}

#[tokio::test]
async fn a_book_of_any_day_has_the_prices_of_that_day() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let bought = "kind,date,isin,segment,quantity,amount,reference\n\
        buy,2023-05-02,INE925R01014,equity,10,3000,1\n";
    let form = Form::file("t.csv", bought).with("broker", "zerodha").with("clientId", "AB1234");
    let reply = here.import(&asha, &form).await?;
    ensure!(reply.status == 200, "{}", reply.body);
    let admin = here.admin().await?;
    admin.batch_execute(&a_year_of("INE925R01014")).await?;
    let differing = "
        select day::date::text
        from generate_series('2025-12-25', '2026-12-31', interval '1 day') day
        left join lateral portfolio.securities(day::date) s on s.isin = 'INE925R01014'
        left join lateral market.price_on('INE925R01014', day::date) p on true
        where s.isin is null or (s.close, s.on_date, s.price_source) is distinct from (p.close, p.on_date, p.source)";
    assert_eq!(days(&admin, differing).await?, Vec::<String>::new());
    let known = "select count(*) from generate_series(0, 371) n, portfolio.securities('2025-12-25'::date + n) s
                 where s.close is not null";
    assert_eq!(admin.query_one(known, &[]).await?.get::<_, i64>(0), 365, "from the first price on");
    Ok(())
}

/// Securities of which something else is kept than what instruments, symbols and the history of prices say.
async fn out_of_date(admin: &Client) -> Result<Vec<String>> {
    let differing = "
        with known as (
            select isin from market.instruments
            union select isin from market.prices
            union select isin from market.quotes
        ), told as (
            select k.isin, i.name, i.class, i.sector, i.asset_kind, s.symbol, p.close, p.previous, p.on_date, p.source
            from known k
            left join market.instruments i on i.isin = k.isin
            left join (
                select isin, (array_agg(symbol order by valid_to desc, exchange, symbol))[1] as symbol
                from market.symbols group by isin) s on s.isin = k.isin
            left join lateral market.price_on(k.isin, '2100-01-01') p on true
        )
        select isin from told full join market.quotes kept using (isin)
        where (told.name, told.class, told.sector, told.asset_kind, told.symbol, told.close, told.previous, told.on_date,
               told.source) is distinct from
              (kept.name, kept.class, kept.sector, kept.asset_kind, kept.symbol, kept.close, kept.previous, kept.on_date,
               kept.source)
        order by isin";
    Ok(admin.query(differing, &[]).await?.iter().map(|row| row.get("isin")).collect())
}

/// What is written of prices, of instruments and of symbols, with any of them being another's afterwards.
const WRITES: [&str; 14] = [
    PRICES,
    "update market.prices set close = close + 1, previous_close = null where random() < 0.2",
    "update market.prices p set isin = 'INE00000000' || (9 - right(p.isin, 1)::int)
     where random() < 0.2 and not exists (
         select from market.prices q
         where (q.isin, q.on_date, q.source) = ('INE00000000' || (9 - right(p.isin, 1)::int), p.on_date, p.source))",
    INSTRUMENTS,
    SYMBOLS,
    "update market.symbols set valid_to = valid_to + (random() * 4)::int where random() < 0.4",
    "update market.symbols y set isin = o.isin from (select isin from market.instruments order by random() limit 1) o
     where random() < 0.4 and not exists (
         select from market.symbols z
         where (z.exchange, z.symbol) = (y.exchange, y.symbol) and z.isin <> y.isin)",
    "update market.instruments set name = name || '.' where random() < 0.3",
    "update market.instruments set class = (array['etf', 'equity'])[1 + floor(random() * 2)::int]",
    "update market.instruments set sector = (array['Energy', 'Services'])[1 + floor(random() * 2)::int]",
    "update market.instruments set asset_kind = (array['listed_share', 'equity_fund'])[1 + floor(random() * 2)::int]",
    "delete from market.symbols where random() < 0.2",
    "delete from market.instruments i
     where random() < 0.3 and not exists (select from market.symbols y where y.isin = i.isin)",
    "delete from market.prices where random() < 0.3",
];

const PRICES: &str = "
    insert into market.prices (isin, on_date, source, close, previous_close)
    select distinct on (1, 2, 3)
           'INE00000000' || floor(random() * 4), '2026-11-01'::date + floor(random() * 8)::int,
           (array['nse', 'amfi'])[1 + floor(random() * 2)::int], 1 + floor(random() * 9),
           case when random() < 0.5 then 1 + floor(random() * 9) end
    from generate_series(1, 1 + floor(random() * 4)::int)
    on conflict (isin, on_date, source)
    do update set close = excluded.close, previous_close = excluded.previous_close";

const INSTRUMENTS: &str = "
    insert into market.instruments (isin, name, class, source, as_of)
    select distinct on (1) 'INE00000000' || floor(random() * 4), 'Name ' || random(), 'equity', 'nse', '2026-11-01'
    from generate_series(1, 2)
    on conflict (isin) do update set name = excluded.name";

const SYMBOLS: &str = "
    insert into market.symbols (exchange, symbol, isin, series, valid_from, valid_to)
    select distinct on (1, 2, 3) (array['NSE', 'BSE'])[1 + floor(random() * 2)::int], 'SYMBOL' || floor(random() * 3), isin,
           'EQ', '2026-11-01', '2026-11-01'::date + floor(random() * 8)::int
    from market.instruments
    on conflict (exchange, symbol, isin) do update set valid_to = excluded.valid_to";

#[tokio::test]
async fn quotes_are_kept_whatever_is_written_of_what_they_are_made_of() -> Result<()> {
    let here = Here::start().await?;
    let admin = here.admin().await?;
    here.load_prices().await?;
    assert_eq!(out_of_date(&admin).await?, Vec::<String>::new());
    let loaded =
        "select count(*) from market.quotes where symbol is not null and close is not null";
    assert_ne!(admin.query_one(loaded, &[]).await?.get::<_, i64>(0), 0);
    admin.batch_execute("truncate market.instruments, market.symbols, market.prices").await?;
    admin.batch_execute("select setseed(0.5)").await?;
    for round in 0..60 {
        for what in WRITES {
            admin.batch_execute(what).await?;
            let wrong = out_of_date(&admin).await?;
            ensure!(wrong.is_empty(), "round {round}, {wrong:?}: {what}");
        }
    }
    for of in ["prices", "symbols", "instruments"] {
        let (insert, column) = match of {
            "prices" => (PRICES, "close"),
            "symbols" => (SYMBOLS, "symbol"),
            _ => (INSTRUMENTS, "name"),
        };
        admin.batch_execute(INSTRUMENTS).await?;
        admin.batch_execute(insert).await?;
        let kept = format!("select count({column}) from market.quotes");
        assert_ne!(admin.query_one(&kept, &[]).await?.get::<_, i64>(0), 0, "{of}");
        admin.batch_execute(&format!("truncate market.{of} cascade")).await?;
        assert_eq!(admin.query_one(&kept, &[]).await?.get::<_, i64>(0), 0, "{of}");
        assert_eq!(out_of_date(&admin).await?, Vec::<String>::new(), "{of}");
    }
    Ok(())
}

#[tokio::test]
async fn of_two_loads_at_once_the_newer_price_stays() -> Result<()> {
    let here = Here::start().await?;
    let (one, other) = (here.admin().await?, here.admin().await?);
    let price = |day: u8| {
        format!(
            "insert into market.prices (isin, on_date, source, close) values ('INE002A01018', '2026-11-{day:02}', 'nse', {day})"
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
    let newest = "select on_date::text from market.quotes";
    assert_eq!(one.query_one(newest, &[]).await?.get::<_, &str>(0), "2026-11-06");
    Ok(())
}
