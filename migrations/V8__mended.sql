-- Mends functions of identity and workspaces: two at once wait for each other instead of ending in a deadlock, and
-- entering by a key says which workspace that was.

revoke select, delete on workspaces.invitations from svc_workspaces;

set local role km_system;

-- Finds or makes the workspace of an organisation and the person's place in it, as the issuer says now.
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
    return workspace;
end $$;

-- Raises KM403 unless whoever entered is, at this moment, an owner or an admin.
create or replace function tenant.check_manager() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from workspaces.members m
    where m.workspace_id = current_setting('app.workspace_id')::uuid
      and m.user_id = current_setting('app.user_id')::uuid and m.role in ('owner', 'admin');
    if not found then
        raise exception 'role not allowed' using errcode = 'KM403';
    end if;
end $$;

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

drop function tenant.enter_key;

-- Enters by an API key: as who made it, within their present role, for one of its scopes. Raises KM402 (no such
-- key, revoked or expired), KM404 and KM403 as entering by a session does, KM405 (scope). Each use is audited.
create function tenant.enter_key(
    p_key text, p_secret_sha256 bytea, p_scope text, p_roles text[], p_request text, p_address text
) returns table (workspace_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    k access.api_keys;
    member_role text;
begin
    select a.* into k from access.api_keys a
    where a.key_id = p_key and a.secret_sha256 = p_secret_sha256
      and a.revoked_at is null and (a.expires_at is null or a.expires_at > now());
    if k.key_id is null then
        raise exception 'no such key' using errcode = 'KM402';
    end if;
    select m.role into member_role from workspaces.members m
    where m.workspace_id = k.workspace_id and m.user_id = k.user_id
      -- A place in another issuer's organisation is believed for a week after the issuer last spoke of it.
      and (m.confirmed_at is null or m.confirmed_at > now() - interval '7 days');
    if member_role is null then
        raise exception 'not a member' using errcode = 'KM404';
    end if;
    if not member_role = any (p_roles) then
        raise exception 'role not allowed' using errcode = 'KM403';
    end if;
    if not p_scope = any (k.scopes) then
        raise exception 'scope not granted' using errcode = 'KM405';
    end if;
    perform set_config('app.workspace_id', k.workspace_id::text, true),
            set_config('app.role', member_role, true),
            set_config('app.user_id', k.user_id::text, true),
            set_config('app.session_id', '', true),
            set_config('app.key_id', k.key_id, true),
            set_config('app.request_id', p_request, true),
            set_config('app.address', p_address, true),
            set_config('statement_timeout', '10s', true);
    update access.api_keys a set last_used_at = now()
    where a.workspace_id = k.workspace_id and a.key_id = k.key_id
      and (a.last_used_at is null or a.last_used_at < now() - interval '1 minute');
    perform tenant.audit('key.used', k.key_id, jsonb_build_object('scope', p_scope));
    return query select k.workspace_id;
end $$;

revoke all on function tenant.enter_key from public;
grant execute on function tenant.enter_key to svc_brokers, svc_portfolio, svc_transactions;
set local role km_owner;
