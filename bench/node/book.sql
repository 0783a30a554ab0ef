-- What a program without a ledger asks: holdings by their newest statement.
-- $1 day: prices after it are not looked at. $2 account: null for all of the workspace's.
-- $3, $4 instrument and account to go on after: null from the beginning. $5 how many: null for all.
select h.account_id, h.isin,
       coalesce(q.name, h.name) as name,
       q.symbol,
       coalesce(q.class, 'unclassified') as class,
       -- The reference first; a statement's own word where the reference has none.
       coalesce(nullif(q.sector, 'unclassified'), h.sector, 'unclassified') as sector,
       h.available, h.t1, h.pledged, h.discrepant, h.cost, h.statement_on, h.layout,
       p.close, p.on_date, p.source as price_source,
       -- A price that lags its source by more than a long weekend made its last move some other day.
       case when p.on_date >= n.on_date - 4 then p.previous end as previous
from imports.holdings h
left join market.quotes q on q.isin = h.isin
left join lateral (
    select q.close, q.previous, q.on_date, q.source where q.on_date <= $1
    union all
    select o.* from market.price_on(h.isin, $1) o where q.on_date > $1
) p on true
left join lateral (
    select x.on_date from market.prices x
    where x.source = p.source and x.on_date <= $1
    order by x.on_date desc
    limit 1
) n on true
-- A row of nothing remembers that the holding is gone.
where (h.available, h.t1, h.pledged, h.discrepant) <> (0, 0, 0, 0)
  and ($2 is null or h.account_id = $2)
  and ($3 is null or (h.isin, h.account_id) > ($3, $4))
order by h.isin, h.account_id
limit $5
