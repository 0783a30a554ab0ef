-- What a file says of whose an account is: taken where nobody has said so, and otherwise held against it. An account is one
-- demat account and one person's.
create or replace function brokers.state_owner(p_account uuid, p_holder text, p_demat text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    -- As km_owner, whom row-level security binds: only the entered workspace can be written.
    workspace uuid := current_setting('app.workspace_id')::uuid;
begin
    update brokers.accounts a set holder = coalesce(a.holder, p_holder) where a.account_id = p_account and p_holder is not null;
    insert into brokers.account_links (workspace_id, kind, id, account_id)
    select workspace, 'demat', p_demat, p_account
    where p_demat is not null
      and not exists (select from brokers.account_links l where l.account_id = p_account and l.kind = 'demat')
    on conflict on constraint account_links_pk do nothing;
    return (p_holder is null or exists (
               select from brokers.accounts a where a.account_id = p_account and a.holder = p_holder))
       and (p_demat is null or exists (
               select from brokers.account_links l where l.account_id = p_account and l.kind = 'demat' and l.id = p_demat));
end $$;
