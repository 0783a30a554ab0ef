-- $1 day: prices after it are not looked at. $2 account: null for all of the workspace's.
-- $3, $4 instrument and account to go on after: null from the beginning. $5 how many: null for all.
select h.account_id, h.isin,
       coalesce(i.name, h.name) as name,
       s.symbol,
       coalesce(i.class, 'unclassified') as class,
       -- The reference first; a statement's own word where the reference has none.
       coalesce(nullif(i.sector, 'unclassified'), h.sector, 'unclassified') as sector,
       h.available, h.t1, h.pledged, h.discrepant, h.cost, h.statement_on, h.layout,
       p.close, p.previous, p.on_date, p.source as price_source
from portfolio.holdings h
left join transactions.instruments i on i.isin = h.isin
left join lateral (
    select y.symbol from transactions.symbols y
    where y.isin = h.isin
    order by y.valid_to desc, y.exchange
    limit 1
) s on true
left join lateral transactions.price_on(h.isin, $1) p on true
where ($2 is null or h.account_id = $2)
  and ($3 is null or (h.isin, h.account_id) > ($3, $4))
order by h.isin, h.account_id
limit $5
