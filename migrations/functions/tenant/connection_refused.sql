-- The broker refused the token: it is deleted, unless there is a newer one.
create or replace function tenant.connection_refused(p_connection uuid, p_was bytea, p_state text, p_reason text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update brokers.connections c
    set state = p_state, reason = p_reason, token_sealed = null, sealing_key = null, changed_at = now()
    where c.workspace_id = tenant.workspace()
      and c.connection_id = p_connection and c.token_sealed = p_was
$$;
