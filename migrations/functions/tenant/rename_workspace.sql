-- Changes the name of the workspace that was entered.
create or replace function tenant.rename_workspace(p_name text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update workspaces.workspaces set name = p_name
    where workspace_id = tenant.workspace();
    select tenant.audit('workspace.renamed', current_setting('app.workspace_id', true), null)
$$;
