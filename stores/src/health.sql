select a.account_id, i.imported_on, s.good_at as synced_at, s.problem, s.account_id is not null as tried
from brokers.accounts a
left join lateral (
    select max(i.statement_on) as imported_on from portfolio.imports i
    where i.account_id = a.account_id and i.undone_at is null
) i on true
left join lateral (
    select s.account_id, s.good_at, s.problem from brokers.syncs s
    where s.account_id = a.account_id
    order by s.day desc
    limit 1
) s on true
order by a.account_id
