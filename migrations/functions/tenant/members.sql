-- The members of the workspace that was entered.
create or replace function tenant.members() returns table (user_id uuid, name text, email text, role text, joined_at timestamptz)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select m.user_id, u.name, u.email, m.role, m.joined_at
    from workspaces.members m join auth.users u on u.user_id = m.user_id
    where m.workspace_id = tenant.workspace()
    order by m.joined_at, m.user_id
$$;
