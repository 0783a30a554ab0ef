-- Puts a token under another key, unless it was replaced meanwhile.
create or replace function tenant.reseal(p_workspace uuid, p_connection uuid, p_was bytea, p_sealed bytea, p_key text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update brokers.connections c set token_sealed = p_sealed, sealing_key = p_key
    where c.workspace_id = p_workspace and c.connection_id = p_connection and c.token_sealed = p_was;
    return found;
end $$;
