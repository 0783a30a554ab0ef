-- Finds or makes the workspace of an organisation and the person's place in it, as the issuer says now. The first admin
-- owns it. An owner stays one while the issuer confirms them, whatever it says of their role; when it has not for a
-- week, the admin who has been there longest, those whom the issuer confirms first, takes the place.
create or replace function tenant.join_organisation(
    p_issuer text, p_organisation text, p_candidate uuid, p_user uuid, p_role text, p_request text, p_address text
) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    workspace uuid;
    before text;
    after text;
    owned boolean;
begin
    select o.workspace_id into workspace from auth.organisations o
    where o.issuer = p_issuer and o.organisation = p_organisation;
    if workspace is null then
        insert into workspaces.workspaces (workspace_id, name, kind) values (p_candidate, p_organisation, 'client');
        insert into auth.organisations (issuer, organisation, workspace_id) values (p_issuer, p_organisation, p_candidate)
        on conflict on constraint organisations_pk do nothing;
        if not found then
            delete from workspaces.workspaces w where w.workspace_id = p_candidate;
        end if;
        select o.workspace_id into workspace from auth.organisations o
        where o.issuer = p_issuer and o.organisation = p_organisation;
    end if;
    -- Two first admins at once wait for each other here.
    perform from workspaces.workspaces w where w.workspace_id = workspace for update;
    select m.role into before from workspaces.members m where m.workspace_id = workspace and m.user_id = p_user;
    select exists (select from workspaces.members m
                   where m.workspace_id = workspace and m.role = 'owner' and m.user_id <> p_user) into owned;
    after := case
        when before = 'owner' and (p_role = 'admin' or not owned) then 'owner'
        when p_role = 'admin' then case when owned then 'admin' else 'owner' end
        -- What was given here below an admin's place stays.
        when before = 'analyst' then 'analyst'
        else 'viewer' end;
    insert into workspaces.members as m (workspace_id, user_id, role, confirmed_at)
    values (workspace, p_user, after, now())
    on conflict on constraint members_pk do update set role = excluded.role, confirmed_at = now();
    if before is distinct from after then
        if after not in ('owner', 'admin') then
            delete from workspaces.invitations i
            where i.workspace_id = workspace and i.invited_by = p_user and i.accepted_at is null;
        end if;
        perform tenant.write_audit(
            workspace, p_user, null, case when before is null then 'member.joined' else 'member.role_changed' end,
            p_user::text, jsonb_build_object('from', before, 'to', after, 'issuer', p_issuer), p_request, p_address);
    end if;
    perform tenant.replace_lost_owner(workspace, p_user, p_request, p_address);
    return workspace;
end $$;
