-- What is known of a security now stands in one row: its name and class, its newest symbol and its newest price. A book
-- asks for fifty of them, and found each in three places.
set local role km_owner;

-- In the order in which a load takes them.
lock table transactions.instruments, transactions.symbols, transactions.prices in share row exclusive mode;

-- Whoever changes what price_on says of a day fills it anew, as below.
create table transactions.quotes (
    isin text constraint quotes_pk primary key,
    name text,
    class text,
    sector text,
    asset_kind text,
    symbol text,
    close numeric(20, 4),
    previous numeric(20, 4),
    on_date date,
    source text
);

-- Keeps it, whoever writes what it is made of. Two loads at once: the second one waits here, and reads what the first has
-- written. Of what is gone nothing is left but the ISIN.
create function transactions.keep_quotes() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_isins text[];
begin
    perform pg_advisory_xact_lock(hashtextextended('transactions.quotes', 0));
    if tg_op = 'TRUNCATE' then
        v_isins := array(select isin from transactions.quotes);
    elsif tg_op = 'UPDATE' then
        -- What was another security's is both's.
        v_isins := array(select isin from changed union select isin from before);
    else
        v_isins := array(select distinct isin from changed);
    end if;
    case tg_table_name
    when 'instruments' then
        insert into transactions.quotes as q (isin, name, class, sector, asset_kind)
        select c.isin, i.name, i.class, i.sector, i.asset_kind
        from unnest(v_isins) c (isin)
        left join transactions.instruments i on i.isin = c.isin
        on conflict (isin) do update
        set (name, class, sector, asset_kind) = (excluded.name, excluded.class, excluded.sector, excluded.asset_kind)
        where (q.name, q.class, q.sector, q.asset_kind)
            is distinct from (excluded.name, excluded.class, excluded.sector, excluded.asset_kind);
    when 'symbols' then
        insert into transactions.quotes as q (isin, symbol)
        select c.isin, transactions.newest_symbol(c.isin)
        from unnest(v_isins) c (isin)
        on conflict (isin) do update set symbol = excluded.symbol
        where q.symbol is distinct from excluded.symbol;
    when 'prices' then
        insert into transactions.quotes as q (isin, close, previous, on_date, source)
        select c.isin, p.close, p.previous, p.on_date, p.source
        from unnest(v_isins) c (isin)
        left join lateral transactions.price_on(c.isin, 'infinity') p on true
        on conflict (isin) do update
        set (close, previous, on_date, source) = (excluded.close, excluded.previous, excluded.on_date, excluded.source)
        where (q.close, q.previous, q.on_date, q.source)
            is distinct from (excluded.close, excluded.previous, excluded.on_date, excluded.source);
    end case;
    return null;
end $$;

-- The symbol a security was seen with last.
create function transactions.newest_symbol(p_isin text) returns text
language sql stable as $$
    select y.symbol from transactions.symbols y
    where y.isin = p_isin
    order by y.valid_to desc, y.exchange, y.symbol
    limit 1
$$;

revoke all on function transactions.keep_quotes, transactions.newest_symbol from public;

do $$
declare
    v_of text;
begin
    foreach v_of in array array['instruments', 'symbols', 'prices'] loop
        execute format('
            create trigger quoted_inserted after insert on transactions.%1$I referencing new table as changed
                for each statement execute function transactions.keep_quotes();
            create trigger quoted_updated after update on transactions.%1$I
                referencing new table as changed old table as before
                for each statement execute function transactions.keep_quotes();
            create trigger quoted_deleted after delete on transactions.%1$I referencing old table as changed
                for each statement execute function transactions.keep_quotes();
            create trigger quoted_truncated after truncate on transactions.%1$I
                for each statement execute function transactions.keep_quotes()', v_of);
    end loop;
end $$;

insert into transactions.quotes (isin, name, class, sector, asset_kind, symbol, close, previous, on_date, source)
select isin, i.name, i.class, i.sector, i.asset_kind, transactions.newest_symbol(isin), p.close, p.previous, p.on_date, p.source
from transactions.instruments i
full join transactions.newest_prices p using (isin);

grant select on transactions.quotes to svc_portfolio, svc_transactions;

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
    select x.isin, q.name, q.symbol, coalesce(q.class, 'unclassified') as class, nullif(q.sector, 'unclassified') as sector,
           q.asset_kind, p.close, p.on_date, p.source as price_source,
           -- A price that lags its source by more than a long weekend made its last move some other day.
           case when p.on_date >= n.on_date - 4 then p.previous end as previous
    from securities x
    left join transactions.quotes q on q.isin = x.isin
    left join lateral (
        select q.close, q.previous, q.on_date, q.source where q.on_date <= p_day
        union all
        -- On a day before the newest price, what it was then.
        select o.* from transactions.price_on(x.isin, p_day) o where q.on_date > p_day
    ) p on true
    left join lateral (
        select z.on_date from transactions.prices z
        where z.source = p.source and z.on_date <= p_day
        order by z.on_date desc
        limit 1
    ) n on true;
end $$;

-- The table of the newest prices is not kept any more. It goes with the next release, its triggers with it: to drop them now
-- would be to wait for everyone who reads prices, and who still runs what this replaces would miss the table.
create or replace function transactions.keep_newest_prices() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return null;
end $$;
