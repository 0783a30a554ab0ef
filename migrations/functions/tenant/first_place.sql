-- Where a session of no organisation begins: the personal workspace, else the first that was joined.
create or replace function tenant.first_place(p_user uuid) returns uuid
language sql stable as $$
    select p.workspace_id
    from tenant.places(p_user, null) p join workspaces.workspaces w on w.workspace_id = p.workspace_id
    order by w.kind = 'personal' desc, p.joined_at, p.workspace_id limit 1
$$;
