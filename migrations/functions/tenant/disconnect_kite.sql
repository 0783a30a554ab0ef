-- Ends whoever's connection it is, of those who entered: the row and its claim go. No row: it is not theirs.
create or replace function tenant.disconnect_kite(p_connection uuid) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- The claim first, as claiming does: two who lock in one order do not lock each other.
    perform from brokers.kite_accounts k
    where k.workspace_id = current_setting('app.workspace_id')::uuid and k.connection_id = p_connection for update;
    delete from brokers.connections c
    where c.workspace_id = current_setting('app.workspace_id')::uuid
      and c.user_id = current_setting('app.user_id')::uuid and c.connection_id = p_connection;
    if not found then
        return false;
    end if;
    delete from brokers.kite_accounts k
    where k.workspace_id = current_setting('app.workspace_id')::uuid and k.connection_id = p_connection;
    perform tenant.audit('connection.removed', p_connection::text, null);
    return true;
end $$;
