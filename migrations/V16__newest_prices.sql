-- The newest price of each security stands beside the history of prices: a book asks for one of each of its securities,
-- and looking fifty of them up among years of prices was more than half of what its securities took.
set local role km_owner;

-- Whoever changes what price_on says of a day fills it anew, as below.
create table transactions.newest_prices (
    isin text constraint newest_prices_pk primary key,
    close numeric(20, 4) not null,
    previous numeric(20, 4),
    on_date date not null,
    source text not null
);

-- Keeps it, whoever writes prices. Two loads at once: the second one waits here, and reads what the first has written.
create function transactions.keep_newest_prices() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('transactions.newest_prices', 0));
    if tg_op = 'TRUNCATE' then
        delete from transactions.newest_prices;
        return null;
    end if;
    if tg_op <> 'INSERT' then
        -- One look into an index for each: there are millions of prices.
        delete from transactions.newest_prices n
        where n.isin in (select isin from changed)
          and (select p.isin from transactions.prices p where p.isin = n.isin limit 1) is null;
    end if;
    insert into transactions.newest_prices as n (isin, close, previous, on_date, source)
    select c.isin, p.close, p.previous, p.on_date, p.source
    from (select distinct isin from changed) c
    cross join lateral transactions.price_on(c.isin, 'infinity') p
    on conflict (isin) do update
    set (close, previous, on_date, source) = (excluded.close, excluded.previous, excluded.on_date, excluded.source)
    where (n.close, n.previous, n.on_date, n.source)
        is distinct from (excluded.close, excluded.previous, excluded.on_date, excluded.source);
    return null;
end $$;

revoke all on function transactions.keep_newest_prices from public;

create trigger inserted after insert on transactions.prices
    referencing new table as changed for each statement execute function transactions.keep_newest_prices();
create trigger updated after update on transactions.prices
    referencing new table as changed for each statement execute function transactions.keep_newest_prices();
-- A price that was another security's.
create trigger taken after update on transactions.prices
    referencing old table as changed for each statement execute function transactions.keep_newest_prices();
create trigger deleted after delete on transactions.prices
    referencing old table as changed for each statement execute function transactions.keep_newest_prices();
create trigger truncated after truncate on transactions.prices
    for each statement execute function transactions.keep_newest_prices();

insert into transactions.newest_prices (isin, close, previous, on_date, source)
select s.isin, p.close, p.previous, p.on_date, p.source
from (select distinct isin from transactions.prices) s
cross join lateral transactions.price_on(s.isin, 'infinity') p;

grant select on transactions.newest_prices to svc_portfolio, svc_transactions;

-- Every security of a statement or an event, with what the reference knows of it, at prices of a day or before.
create or replace function portfolio.securities(p_day date)
returns table (
    isin text, name text, symbol text, class text, sector text, asset_kind text, close numeric, on_date date,
    price_source text, previous numeric
)
language plpgsql stable set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    with securities as (
        select h.isin from portfolio.holdings h
        where (h.available, h.t1, h.pledged, h.discrepant) <> (0, 0, 0, 0)
        union
        select u.isin from portfolio.folio_units u
        where u.units <> 0
        union
        select t.isin from transactions.transactions t
        where t.removed_at is null and t.market in ('equity', 'mutual_fund')
        union
        select t.terms ->> 'into' from transactions.transactions t
        where t.removed_at is null and t.kind in ('split', 'merger', 'demerger')
          and t.terms ->> 'into' is not null
    )
    select x.isin, i.name, s.symbol, coalesce(i.class, 'unclassified') as class, nullif(i.sector, 'unclassified') as sector,
           i.asset_kind, p.close, p.on_date, p.source as price_source,
           -- A price that lags its source by more than a long weekend made its last move some other day.
           case when p.on_date >= n.on_date - 4 then p.previous end as previous
    from securities x
    left join transactions.instruments i on i.isin = x.isin
    left join lateral (
        select y.symbol from transactions.symbols y
        where y.isin = x.isin
        order by y.valid_to desc, y.exchange
        limit 1
    ) s on true
    left join transactions.newest_prices w on w.isin = x.isin
    left join lateral (
        select w.close, w.previous, w.on_date, w.source where w.on_date <= p_day
        union all
        -- On a day before the newest price, what it was then.
        select o.* from transactions.price_on(x.isin, p_day) o where w.on_date > p_day
    ) p on true
    left join lateral (
        select z.on_date from transactions.prices z
        where z.source = p.source and z.on_date <= p_day
        order by z.on_date desc
        limit 1
    ) n on true;
end $$;
