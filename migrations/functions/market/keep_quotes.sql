-- Keeps it, whoever writes what it is made of. Two loads at once: the second one waits here, and reads what the first has
-- written. Of what is gone nothing is left but the ISIN.
create or replace function market.keep_quotes() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_isins text[];
begin
    perform pg_advisory_xact_lock(hashtextextended('market.quotes', 0));
    if tg_op = 'TRUNCATE' then
        v_isins := array(select isin from market.quotes);
    elsif tg_op = 'UPDATE' then
        -- What was another security's is both's.
        v_isins := array(select isin from changed union select isin from before);
    else
        v_isins := array(select distinct isin from changed);
    end if;
    case tg_table_name
    when 'instruments' then
        insert into market.quotes as q (isin, name, class, sector, asset_kind)
        select c.isin, i.name, i.class, i.sector, i.asset_kind
        from unnest(v_isins) c (isin)
        left join market.instruments i on i.isin = c.isin
        on conflict (isin) do update
        set (name, class, sector, asset_kind) = (excluded.name, excluded.class, excluded.sector, excluded.asset_kind)
        where (q.name, q.class, q.sector, q.asset_kind)
            is distinct from (excluded.name, excluded.class, excluded.sector, excluded.asset_kind);
    when 'symbols' then
        insert into market.quotes as q (isin, symbol)
        select c.isin, market.newest_symbol(c.isin)
        from unnest(v_isins) c (isin)
        on conflict (isin) do update set symbol = excluded.symbol
        where q.symbol is distinct from excluded.symbol;
    when 'prices' then
        insert into market.quotes as q (isin, close, previous, on_date, source)
        select c.isin, p.close, p.previous, p.on_date, p.source
        from unnest(v_isins) c (isin)
        left join lateral market.price_on(c.isin, 'infinity') p on true
        on conflict (isin) do update
        set (close, previous, on_date, source) = (excluded.close, excluded.previous, excluded.on_date, excluded.source)
        where (q.close, q.previous, q.on_date, q.source)
            is distinct from (excluded.close, excluded.previous, excluded.on_date, excluded.source);
    end case;
    return null;
end $$;
