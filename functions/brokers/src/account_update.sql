-- $1 account, $2 kind, $3 its ids, all of them; null to leave them as they are. Answers what is another account's.
with gone as (
    delete from brokers.account_links l
    where l.account_id = $1 and l.kind = $2 and not l.id = any ($3::text[])
), linked as (
    insert into brokers.account_links (workspace_id, kind, id, account_id)
    select current_setting('app.workspace_id')::uuid, $2, id, $1 from unnest($3::text[]) as id
    where exists (select from brokers.accounts a where a.account_id = $1)
    on conflict on constraint account_links_pk do nothing
    returning id
)
select asked.id
from unnest($3::text[]) as asked (id)
where not exists (select from linked where linked.id = asked.id)
  and not exists (select from brokers.account_links l where l.kind = $2 and l.id = asked.id and l.account_id = $1)
