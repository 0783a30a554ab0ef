-- The account of a client, made when it is new. Only brokers writes its tables; imports come here.
create or replace function brokers.link_account(p_account uuid, p_broker text, p_client_id text, p_label text)
returns table (account_id uuid, created boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- As km_owner, whom row-level security binds: only the entered workspace can be written.
    insert into brokers.accounts (workspace_id, account_id, broker, client_id, label)
    values (current_setting('app.workspace_id')::uuid, p_account, p_broker, p_client_id, p_label)
    on conflict on constraint accounts_client do nothing;
    if found then
        return query select p_account, true;
    else
        return query
            select a.account_id, false from brokers.accounts a
            where a.broker = p_broker and a.client_id = p_client_id;
    end if;
end $$;
