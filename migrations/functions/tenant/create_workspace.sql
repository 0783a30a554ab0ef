-- Makes a workspace for clients, with whoever entered as its owner.
create or replace function tenant.create_workspace(p_workspace uuid, p_name text) returns timestamptz
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    person uuid := current_setting('app.user_id')::uuid;
begin
    insert into workspaces.workspaces (workspace_id, name, kind) values (p_workspace, p_name, 'client');
    insert into workspaces.members (workspace_id, user_id, role) values (p_workspace, person, 'owner');
    perform tenant.write_audit(
        p_workspace, person, null, 'workspace.created', p_workspace::text, null,
        current_setting('app.request_id', true), current_setting('app.address', true));
    return now();
end $$;
