-- The connection that reads an account of the workspace that was entered, with its sealed token: for the function that
-- reads it, which nobody signs in to. Of who may enter no more nothing is read.
create or replace function tenant.connection_of(p_account uuid)
returns table (connection_id uuid, user_id uuid, api_key text, token_sealed bytea, sealing_key text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select c.connection_id, c.user_id, c.api_key, c.token_sealed, c.sealing_key
    from brokers.connections c
    join tenant.places(c.user_id, c.workspace_id) p on p.workspace_id = c.workspace_id
    where c.workspace_id = tenant.workspace() and c.account_id = p_account
      and c.state = 'connected' and c.expires_at > now()
    order by c.connected_at desc limit 1
$$;
