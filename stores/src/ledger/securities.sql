-- $1 day: prices after it are not looked at.
-- Every security of a statement or an event, with what the reference knows of it.
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
left join lateral transactions.price_on(x.isin, $1) p on true
left join lateral (
    select z.on_date from transactions.prices z
    where z.source = p.source and z.on_date <= $1
    order by z.on_date desc
    limit 1
) n on true
