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
        select h.isin from imports.holdings h
        where (h.available, h.t1, h.pledged, h.discrepant) <> (0, 0, 0, 0)
        union
        select u.isin from imports.folio_units u
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
    left join market.quotes q on q.isin = x.isin
    left join lateral (
        select q.close, q.previous, q.on_date, q.source where q.on_date <= p_day
        union all
        -- On a day before the newest price, what it was then.
        select o.* from market.price_on(x.isin, p_day) o where q.on_date > p_day
    ) p on true
    left join lateral (
        select z.on_date from market.prices z
        where z.source = p.source and z.on_date <= p_day
        order by z.on_date desc
        limit 1
    ) n on true;
end $$;
