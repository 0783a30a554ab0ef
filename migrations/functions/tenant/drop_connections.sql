-- Who is no member any more has no connections there.
create or replace function tenant.drop_connections() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from brokers.kite_accounts k using brokers.connections c
    where c.workspace_id = old.workspace_id and c.user_id = old.user_id
      and k.workspace_id = c.workspace_id and k.connection_id = c.connection_id;
    delete from brokers.connections c where c.workspace_id = old.workspace_id and c.user_id = old.user_id;
    return old;
end $$;
