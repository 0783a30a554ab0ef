select a.account_id, a.holder, i.imported_on, s.good_at as synced_at, s.problem, s.day as tried_on
from brokers.accounts a
left join lateral (
    select max(i.statement_on) as imported_on from portfolio.imports i
    where i.account_id = a.account_id and i.undone_at is null
      -- A list of dividends or gains says nothing of what is held.
      and i.layout not in ('zerodha_dividends', 'zerodha_tax_pnl')
) i on true
left join lateral (
    select s.day, s.good_at, s.problem from brokers.syncs s
    where s.account_id = a.account_id
    order by s.day desc
    limit 1
) s on true
order by a.account_id
