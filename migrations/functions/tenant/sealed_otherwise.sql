-- Tokens that are sealed under another key than this one.
create or replace function tenant.sealed_otherwise(p_key text, p_most int)
returns table (workspace_id uuid, user_id uuid, connection_id uuid, token_sealed bytea, sealing_key text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select c.workspace_id, c.user_id, c.connection_id, c.token_sealed, c.sealing_key
    from brokers.connections c where c.state = 'connected' and c.sealing_key <> p_key
    order by c.connection_id limit p_most
$$;
