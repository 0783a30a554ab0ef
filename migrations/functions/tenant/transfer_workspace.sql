-- Makes another member who may enter the owner, and the present one an admin. Outcomes: 'ok', 'personal', 'not_found'.
create or replace function tenant.transfer_workspace(p_to uuid) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    workspace uuid := current_setting('app.workspace_id')::uuid;
    person uuid := current_setting('app.user_id')::uuid;
    kind text;
begin
    select w.kind into kind from workspaces.workspaces w where w.workspace_id = workspace for update;
    if kind = 'personal' then
        return 'personal';
    end if;
    -- Another transfer may have come first, while this one waited.
    perform from tenant.places(person, workspace) p where p.workspace_id = workspace and p.role = 'owner';
    if not found then
        raise exception 'role not allowed' using errcode = 'KM403';
    end if;
    perform from tenant.places(p_to, workspace) p where p.workspace_id = workspace and p_to <> person;
    if not found then
        return 'not_found';
    end if;
    update workspaces.members m set role = 'owner' where m.workspace_id = workspace and m.user_id = p_to;
    update workspaces.members m set role = 'admin' where m.workspace_id = workspace and m.user_id = person;
    perform tenant.audit('workspace.transferred', p_to::text, null);
    return 'ok';
end $$;
