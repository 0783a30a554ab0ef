-- Finds or makes the connection of a Zerodha account that whoever entered has just proved to be theirs; belongs into
-- the transaction that stores its token. Outcomes: 'new'; 'known'; 'moved' (from where it was, where it is revoked
-- now); 'elsewhere' (it belongs to another connection, and `p_move` did not ask for it).
create or replace function tenant.claim_kite_account(p_account_hmac bytea, p_connection uuid, p_move boolean)
returns table (outcome text, connection_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    here uuid := current_setting('app.workspace_id')::uuid;
    person uuid := current_setting('app.user_id')::uuid;
    owned brokers.kite_accounts;
    held brokers.connections;
begin
    loop
        insert into brokers.kite_accounts (account_hmac, workspace_id, connection_id)
        values (p_account_hmac, here, p_connection)
        on conflict on constraint kite_accounts_pk do nothing;
        if found then
            return query select 'new', p_connection; return;
        end if;
        select * into owned from brokers.kite_accounts k where k.account_hmac = p_account_hmac for update;
        -- It was disconnected in between: it is free.
        exit when owned.account_hmac is not null;
    end loop;
    select * into held from brokers.connections c
    where c.workspace_id = owned.workspace_id and c.connection_id = owned.connection_id for update;
    if held.workspace_id = here and held.user_id = person then
        return query select 'known', held.connection_id; return;
    end if;
    if held.connection_id is not null and not p_move then
        return query select 'elsewhere', null::uuid; return;
    end if;
    update brokers.connections c
    set state = 'revoked', reason = 'moved', token_sealed = null, sealing_key = null, changed_at = now()
    where c.workspace_id = owned.workspace_id and c.connection_id = owned.connection_id;
    update brokers.kite_accounts k set workspace_id = here, connection_id = p_connection
    where k.account_hmac = p_account_hmac;
    if held.connection_id is not null then
        perform tenant.write_audit(held.workspace_id, held.user_id, null, 'connection.moved', held.connection_id::text,
                                   null, current_setting('app.request_id', true), null);
    end if;
    return query select 'moved', p_connection;
end $$;
