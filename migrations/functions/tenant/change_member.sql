-- Changes a member's role, or removes them when `p_role` is null. Outcomes: 'ok', 'not_found' (no such member),
-- 'owner' (an owner's place changes by transfer or leaving alone). Only who may manage members gets here.
create or replace function tenant.change_member(p_user uuid, p_role text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    workspace uuid := current_setting('app.workspace_id')::uuid;
    present text;
begin
    -- Two admins who remove each other wait for each other here, and the second is one no more.
    perform from workspaces.workspaces w where w.workspace_id = workspace for update;
    perform tenant.check_manager();
    select m.role into present from workspaces.members m
    where m.workspace_id = workspace and m.user_id = p_user for update;
    if present is null then
        return 'not_found';
    elsif present = 'owner' then
        return 'owner';
    end if;
    if p_role is distinct from 'admin' then
        perform tenant.withdraw_invitations(workspace, p_user);
    end if;
    if p_role is null then
        perform tenant.revoke_keys(workspace, p_user);
        delete from workspaces.members m where m.workspace_id = workspace and m.user_id = p_user;
        perform tenant.audit('member.removed', p_user::text, jsonb_build_object('role', present));
    else
        update workspaces.members m set role = p_role where m.workspace_id = workspace and m.user_id = p_user;
        perform tenant.audit('member.role_changed', p_user::text, jsonb_build_object('from', present, 'to', p_role));
    end if;
    return 'ok';
end $$;
