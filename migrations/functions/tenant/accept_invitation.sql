-- Takes the place a token offers. Who is a member already keeps their role, and the token stays unused.
-- Outcomes: 'ok', 'expired' (used, too old, void because its maker may invite no more, or never made), 'already_member'.
-- The workspace is locked before its rows, as by everything that changes its members: nobody ends in a deadlock.
create or replace function tenant.accept_invitation(p_token_sha256 bytea)
returns table (outcome text, workspace_id uuid, name text, role text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    person uuid := current_setting('app.user_id')::uuid;
    offered workspaces.invitations;
    present text;
begin
    perform from workspaces.workspaces w
    where w.workspace_id = (select i.workspace_id from workspaces.invitations i where i.token_sha256 = p_token_sha256)
    for update;
    select i.* into offered from workspaces.invitations i
    where i.token_sha256 = p_token_sha256 and i.accepted_at is null and i.expires_at > now() for update;
    -- Whoever invited is not erased meanwhile, and may still invite.
    perform from auth.users u where u.user_id = offered.invited_by for share;
    if offered.invitation_id is null or not tenant.manages(offered.workspace_id, offered.invited_by) then
        return query select 'expired', null::uuid, null::text, null::text; return;
    end if;
    insert into workspaces.members (workspace_id, user_id, role)
    values (offered.workspace_id, person, offered.role)
    on conflict on constraint members_pk do nothing;
    if not found then
        select m.role into present from workspaces.members m
        where m.workspace_id = offered.workspace_id and m.user_id = person;
        return query select 'already_member', w.workspace_id, w.name, present
                     from workspaces.workspaces w where w.workspace_id = offered.workspace_id;
        return;
    end if;
    update workspaces.invitations i set accepted_at = now()
    where i.workspace_id = offered.workspace_id and i.invitation_id = offered.invitation_id;
    perform tenant.write_audit(
        offered.workspace_id, person, null, 'member.joined', person::text, jsonb_build_object('role', offered.role),
        current_setting('app.request_id', true), current_setting('app.address', true));
    return query select 'ok', w.workspace_id, w.name, offered.role
                 from workspaces.workspaces w where w.workspace_id = offered.workspace_id;
end $$;
