-- Leaves the workspace that was entered. Outcomes: 'ok', 'personal', 'last_owner'.
create or replace function tenant.leave_workspace() returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    workspace uuid := current_setting('app.workspace_id')::uuid;
    person uuid := current_setting('app.user_id')::uuid;
    kind text;
begin
    -- Two owners who leave at once wait for each other here.
    select w.kind into kind from workspaces.workspaces w where w.workspace_id = workspace for update;
    if kind = 'personal' then
        return 'personal';
    end if;
    if not exists (select from workspaces.members m
                   where m.workspace_id = workspace and m.role = 'owner' and m.user_id <> person)
       and exists (select from workspaces.members m
                   where m.workspace_id = workspace and m.role = 'owner' and m.user_id = person) then
        return 'last_owner';
    end if;
    perform tenant.withdraw_invitations(workspace, person);
    perform tenant.revoke_keys(workspace, person);
    delete from workspaces.members m where m.workspace_id = workspace and m.user_id = person;
    perform tenant.audit('member.left', person::text, null);
    return 'ok';
end $$;
