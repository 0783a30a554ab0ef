-- Who pays for the entered workspace: its owner.
create or replace function tenant.payer() returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select m.user_id from workspaces.members m
    where m.workspace_id = tenant.workspace() and m.role = 'owner' order by m.joined_at, m.user_id limit 1
$$;
