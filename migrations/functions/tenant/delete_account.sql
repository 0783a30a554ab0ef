-- Deletes an account with everything in it. Outcomes: 'ok', 'not_found', 'connected' (somebody's connection, whose
-- other members do not see it, is to be ended first).
create or replace function tenant.delete_account(p_account uuid) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    workspace uuid := tenant.workspace();
begin
    perform from brokers.accounts a where a.workspace_id = workspace and a.account_id = p_account;
    if not found then
        return 'not_found';
    end if;
    -- An import into it, and a connection that is being made, wait or are waited for.
    perform pg_advisory_xact_lock(hashtextextended(p_account::text, 0));
    if exists (select from brokers.connections c
               where c.workspace_id = workspace and c.account_id = p_account and c.state = 'connected') then
        return 'connected';
    end if;
    delete from brokers.kite_accounts k using brokers.connections c
    where c.workspace_id = workspace and c.account_id = p_account
      and k.workspace_id = workspace and k.connection_id = c.connection_id;
    delete from brokers.connections c where c.workspace_id = workspace and c.account_id = p_account;
    delete from brokers.accounts a where a.workspace_id = workspace and a.account_id = p_account;
    perform tenant.audit('account.deleted', p_account::text, null);
    return 'ok';
end $$;
