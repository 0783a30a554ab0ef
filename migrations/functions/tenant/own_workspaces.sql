-- The workspaces that whoever entered may enter by what they entered with.
create or replace function tenant.own_workspaces()
returns table (workspace_id uuid, name text, kind text, role text, created_at timestamptz, joined_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select w.workspace_id, w.name, w.kind, p.role, w.created_at, p.joined_at
    from auth.sessions s
    cross join lateral tenant.places(s.user_id, s.organisation_workspace) p
    join workspaces.workspaces w on w.workspace_id = p.workspace_id
    where s.session_id = nullif(current_setting('app.session_id', true), '')::uuid
$$;
