-- $1 first day: null for the first event's or statement's. $2 last day. $3 a benchmark: null for none.
with securities as (
    select h.isin from imports.holdings h
    union
    select u.isin from imports.folio_units u
    where u.units <> 0
    union
    select t.isin from transactions.transactions t
    where t.removed_at is null and t.market in ('equity', 'mutual_fund')
    union
    select t.terms ->> 'into' from transactions.transactions t
    where t.removed_at is null and t.terms ->> 'into' is not null
    union
    select $3 where $3 is not null
), first_day as (
    select coalesce($1, least(
        (select min(t.on_date) from transactions.transactions t),
        (select min(h.statement_on) from imports.holdings h),
        (select min(a.on_date) from imports.assertions a),
        (select min(u.statement_on) from imports.folio_units u))) as day
), closes as (
    -- An exchange's close before a net asset value of the same day.
    select distinct on (p.isin, p.on_date) p.isin, p.on_date, p.close
    from securities s
    cross join first_day f
    -- What was known when it begins stands until there is something newer.
    left join lateral (
        select q.on_date from market.prices q
        where q.isin = s.isin and q.on_date <= f.day
        order by q.on_date desc
        limit 1
    ) b on true
    join market.prices p
        on p.isin = s.isin and p.on_date >= coalesce(b.on_date, f.day) and p.on_date <= $2
    order by p.isin, p.on_date, p.source = 'nse' desc
)
select c.isin, array_agg(c.on_date order by c.on_date) as days, array_agg(c.close order by c.on_date) as closes
from closes c
group by c.isin
