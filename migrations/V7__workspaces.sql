-- Workspaces with members who are invited, keys for programs, and people who are erased or want to know what is kept.

create table workspaces.invitations (
    workspace_id uuid not null,
    invitation_id uuid not null,
    email text not null constraint invitations_email_lower check (email = lower(email)),
    role text not null constraint invitations_role check (role in ('admin', 'analyst', 'viewer')),
    invited_by uuid not null,
    -- null until the mail is being sent.
    token_sha256 bytea,
    mailed_at timestamptz,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    accepted_at timestamptz,
    constraint invitations_pk primary key (workspace_id, invitation_id),
    constraint invitations_workspace foreign key (workspace_id) references workspaces.workspaces on delete cascade
);
create index invitations_by_token on workspaces.invitations (token_sha256);
comment on table workspaces.invitations is 'A place offered by mail; whoever has the token takes it, once.';

create table access.api_keys (
    workspace_id uuid not null,
    key_id text not null,
    -- Who made it: the key acts within their present role.
    user_id uuid not null,
    name text not null,
    scopes text[] not null,
    secret_sha256 bytea not null,
    -- The last four characters of the secret, so that people tell their keys apart.
    last_four text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    -- Written at most once a minute.
    last_used_at timestamptz,
    rotated_to text,
    constraint api_keys_pk primary key (workspace_id, key_id),
    constraint api_keys_workspace foreign key (workspace_id) references workspaces.workspaces
);
-- Not unique: that would be checked past the policies. What a key is found by is its secret's hash.
create index api_keys_by_id on access.api_keys (key_id);
comment on table access.api_keys is 'Keys for programs. The secret was shown once and is kept as its SHA-256.';

create table auth.exports (
    export_id uuid constraint exports_pk primary key,
    user_id uuid not null constraint exports_user references auth.users,
    requested_at timestamptz not null default now(),
    ready_at timestamptz,
    failed_at timestamptz,
    object_key text,
    bytes bigint
);
create index exports_by_user on auth.exports (user_id, requested_at desc);
comment on table auth.exports is 'What a person asked to be told of what is held about them.';

create table auth.erasures (
    user_id uuid constraint erasures_pk primary key,
    erased_at timestamptz not null,
    purged_at timestamptz,
    -- When it was written where a restored database finds it.
    recorded_at timestamptz
);
comment on table auth.erasures is 'Who was erased: ids alone, kept to erase them again after a restore.';

call platform.protect_tenant('workspaces.invitations');
call platform.protect_tenant('access.api_keys');
call platform.protect_identity('auth.exports');
call platform.protect_identity('auth.erasures');
create policy system on workspaces.invitations to km_system using (true) with check (true);
create policy system on access.api_keys to km_system using (true) with check (true);
grant select, insert, update, delete on workspaces.invitations, access.api_keys to km_system;
create policy own on auth.exports for select
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid);

grant usage on schema workspaces, shared to svc_access, svc_workspaces;
grant usage on schema access to svc_access;
grant select on auth.exports to svc_auth;
grant select on workspaces.members, workspaces.workspaces to svc_workspaces;
grant select, insert, delete on workspaces.invitations to svc_workspaces;
grant select, insert, update on access.api_keys to svc_access;
grant select, insert, update on shared.idempotency_keys to svc_access, svc_workspaces;
grant insert on shared.outbox to svc_workspaces;
grant execute on function shared.claim_key to svc_access, svc_workspaces;

-- What a person's data is collected from and purged from: every table with a workspace in it.
grant usage on schema brokers, portfolio, transactions to km_system;
grant select, delete on brokers.accounts, brokers.account_values, portfolio.imports, portfolio.statements,
    portfolio.holdings, portfolio.snapshots to km_system;

set local role km_system;

-- ---------------------------------------------------------------- workspaces

-- Makes a workspace for clients, with whoever entered as its owner.
create function tenant.create_workspace(p_workspace uuid, p_name text) returns timestamptz
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

create function tenant.rename_workspace(p_name text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update workspaces.workspaces set name = p_name
    where workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid;
    select tenant.audit('workspace.renamed', current_setting('app.workspace_id', true), null)
$$;

-- The members of the workspace that was entered.
create function tenant.members() returns table (user_id uuid, name text, email text, role text, joined_at timestamptz)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select m.user_id, u.name, u.email, m.role, m.joined_at
    from workspaces.members m join auth.users u on u.user_id = m.user_id
    where m.workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid
    order by m.joined_at, m.user_id
$$;

-- The invitations somebody made are void when they may invite no more.
create function tenant.withdraw_invitations(p_workspace uuid, p_user uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    delete from workspaces.invitations i
    where i.workspace_id = p_workspace and i.invited_by = p_user and i.accepted_at is null
$$;

-- The keys of who is a member no more are over: coming back does not bring them back.
create function tenant.revoke_keys(p_workspace uuid, p_user uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update access.api_keys k set revoked_at = now()
    where k.workspace_id = p_workspace and k.user_id = p_user and k.revoked_at is null
$$;

-- Raises KM403 unless whoever entered is, at this moment, an owner or an admin; their row stays as it is until the end.
create function tenant.check_manager() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from workspaces.members m
    where m.workspace_id = current_setting('app.workspace_id')::uuid
      and m.user_id = current_setting('app.user_id')::uuid and m.role in ('owner', 'admin') for share;
    if not found then
        raise exception 'role not allowed' using errcode = 'KM403';
    end if;
end $$;

-- Changes a member's role, or removes them when `p_role` is null. Outcomes: 'ok', 'not_found' (no such member),
-- 'owner' (an owner's place changes by transfer or leaving alone). Only who may manage members gets here.
create function tenant.change_member(p_user uuid, p_role text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    workspace uuid := current_setting('app.workspace_id')::uuid;
    present text;
begin
    select m.role into present from workspaces.members m
    where m.workspace_id = workspace and m.user_id = p_user for update;
    if present is null then
        return 'not_found';
    elsif present = 'owner' then
        return 'owner';
    end if;
    perform tenant.check_manager();
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

-- Leaves the workspace that was entered. Outcomes: 'ok', 'personal', 'last_owner'.
create function tenant.leave_workspace() returns text
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

-- Makes another member the owner, and the present one an admin. Outcomes: 'ok', 'personal', 'not_found'.
create function tenant.transfer_workspace(p_to uuid) returns text
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
    perform from workspaces.members m
    where m.workspace_id = workspace and m.user_id = person and m.role = 'owner';
    if not found then
        raise exception 'role not allowed' using errcode = 'KM403';
    end if;
    update workspaces.members m set role = 'owner'
    where m.workspace_id = workspace and m.user_id = p_to and p_to <> person;
    if not found then
        return 'not_found';
    end if;
    update workspaces.members m set role = 'admin' where m.workspace_id = workspace and m.user_id = person;
    perform tenant.audit('workspace.transferred', p_to::text, null);
    return 'ok';
end $$;

-- Gives an invitation its token and answers where to mail it. No row: mailed, taken, expired or void.
create function tenant.issue_invitation(p_invitation uuid, p_token_sha256 bytea)
returns table (email text, workspace text, inviter text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update workspaces.invitations i set token_sha256 = p_token_sha256
    from workspaces.workspaces w, auth.users u, workspaces.members m
    where i.invitation_id = p_invitation and w.workspace_id = i.workspace_id and u.user_id = i.invited_by
      and m.workspace_id = i.workspace_id and m.user_id = i.invited_by and m.role in ('owner', 'admin')
      and i.mailed_at is null and i.accepted_at is null and i.expires_at > now()
    returning i.email, w.name, coalesce(u.name, u.email)
$$;

create function tenant.invitation_mailed(p_invitation uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update workspaces.invitations set mailed_at = now() where invitation_id = p_invitation
$$;

-- Takes the place a token offers. Who is a member already keeps their role, and the token stays unused.
-- Outcomes: 'ok', 'expired' (used, too old, void because its maker may invite no more, or never made), 'already_member'.
create function tenant.accept_invitation(p_token_sha256 bytea)
returns table (outcome text, workspace_id uuid, name text, role text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    person uuid := current_setting('app.user_id')::uuid;
    offered workspaces.invitations;
    present text;
begin
    select i.* into offered from workspaces.invitations i
    where i.token_sha256 = p_token_sha256 and i.accepted_at is null and i.expires_at > now() for update;
    -- Whoever invited is still there, may still invite, and is not about to be erased.
    perform from workspaces.members m join auth.users u on u.user_id = m.user_id
    where m.workspace_id = offered.workspace_id and m.user_id = offered.invited_by
      and m.role in ('owner', 'admin') and u.erased_at is null for share of m, u;
    if not found then
        offered := null;
    end if;
    if offered.invitation_id is null then
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

-- ---------------------------------------------------------------- keys

-- Enters by an API key: as who made it, within their present role, for one of its scopes. Raises KM402 (no such
-- key, revoked or expired), KM404 and KM403 as entering by a session does, KM405 (scope). Each use is audited.
create function tenant.enter_key(
    p_key text, p_secret_sha256 bytea, p_scope text, p_roles text[], p_request text, p_address text
) returns table (role text)
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
    return query select member_role;
end $$;

-- The log of the workspace that was entered, newest first, from a place on. Who was erased has no address any more.
create function tenant.audit_entries(p_before_at timestamptz, p_before uuid, p_most bigint)
returns table (entry_id uuid, at timestamptz, user_id uuid, key_id text, action text, subject text, detail jsonb,
               request_id text, address text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select a.entry_id, a.at, a.user_id, a.key_id, a.action, a.subject, a.detail, a.request_id,
           rtrim(convert_from(tenant.sealed(k.key, a.entry_id, a.address_sealed), 'UTF8'))
    from access.audit a left join auth.person_keys k on k.user_id = a.user_id
    where a.workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid
      and (p_before is null or (a.at, a.entry_id) < (p_before_at, p_before))
    order by a.at desc, a.entry_id desc limit p_most
$$;

-- ---------------------------------------------------------------- erasing

-- Erases whoever entered, softly: nobody signs in as them, and at `p_purge_after` everything is deleted.
-- Outcomes: 'ok', or 'last_owner' with the workspaces whose other members need an owner first.
create function tenant.erase_person(p_purge_after timestamptz) returns table (outcome text, workspace_ids uuid[])
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    person uuid := current_setting('app.user_id')::uuid;
    blocking uuid[];
begin
    perform from workspaces.workspaces w
    where w.workspace_id in (select m.workspace_id from workspaces.members m where m.user_id = person)
    order by w.workspace_id for update;
    select array_agg(o.workspace_id) into blocking
    from workspaces.members o
    join workspaces.workspaces w on w.workspace_id = o.workspace_id
    where o.user_id = person and o.role = 'owner' and w.kind <> 'personal'
      and not exists (select from workspaces.members m
                      where m.workspace_id = o.workspace_id and m.role = 'owner' and m.user_id <> person)
      and exists (select from workspaces.members m where m.workspace_id = o.workspace_id and m.user_id <> person);
    if blocking is not null then
        return query select 'last_owner', blocking; return;
    end if;
    perform tenant.audit('person.erased', person::text, null);
    perform tenant.end_person(person, now(), p_purge_after);
    return query select 'ok', null::uuid[];
end $$;

-- What erasing does at once: sessions, keys, connections, invitations and the way to sign in end; places in others'
-- workspaces are given up; others lose their place in the personal workspace, which goes with its person. Done again
-- after a restore, when nobody could be asked to transfer first, the member who is there longest becomes the owner.
create function tenant.end_person(p_user uuid, p_at timestamptz, p_purge_after timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update auth.users u set erased_at = p_at, purge_after = p_purge_after
    where u.user_id = p_user and u.erased_at is null;
    delete from auth.credentials c where c.user_id = p_user;
    delete from auth.identities i where i.user_id = p_user;
    update auth.sessions s set revoked_at = now(), ended_because = 'erased'
    where s.user_id = p_user and s.revoked_at is null;
    update access.api_keys k set revoked_at = now() where k.user_id = p_user and k.revoked_at is null;
    update brokers.connections c
    set state = 'revoked', reason = 'erased', token_sealed = null, sealing_key = null, changed_at = now()
    where c.user_id = p_user and c.state <> 'revoked';
    delete from workspaces.invitations i where i.invited_by = p_user and i.accepted_at is null;
    delete from workspaces.members m using workspaces.members o, workspaces.workspaces w
    where o.user_id = p_user and o.role = 'owner' and w.workspace_id = o.workspace_id and w.kind = 'personal'
      and m.workspace_id = o.workspace_id and m.user_id <> p_user;
    update workspaces.members m set role = 'owner'
    from (
        select distinct on (n.workspace_id) n.workspace_id, n.user_id
        from workspaces.members o join workspaces.members n on n.workspace_id = o.workspace_id and n.user_id <> p_user
        where o.user_id = p_user and o.role = 'owner'
          and not exists (select from workspaces.members x
                          where x.workspace_id = o.workspace_id and x.role = 'owner' and x.user_id <> p_user)
        order by n.workspace_id, n.joined_at, n.user_id
    ) next
    where m.workspace_id = next.workspace_id and m.user_id = next.user_id;
    delete from workspaces.members o
    where o.user_id = p_user
      and exists (select from workspaces.members m where m.workspace_id = o.workspace_id and m.user_id <> p_user);
    insert into auth.erasures (user_id, erased_at) values (p_user, p_at) on conflict on constraint erasures_pk do nothing;
end $$;

-- Deletes what belongs to a workspace, table by table; a test asks the catalogue whether one was forgotten.
create function tenant.purge_workspace(p_workspace uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- The tables' own policies hold for this function, too.
    perform set_config('app.workspace_id', p_workspace::text, true);
    delete from brokers.kite_accounts t where t.workspace_id = p_workspace;
    delete from brokers.connections t where t.workspace_id = p_workspace;
    delete from portfolio.snapshots t where t.workspace_id = p_workspace;
    delete from portfolio.holdings t where t.workspace_id = p_workspace;
    delete from portfolio.statements t where t.workspace_id = p_workspace;
    delete from portfolio.imports t where t.workspace_id = p_workspace;
    delete from brokers.account_values t where t.workspace_id = p_workspace;
    delete from brokers.accounts t where t.workspace_id = p_workspace;
    delete from access.api_keys t where t.workspace_id = p_workspace;
    delete from workspaces.invitations t where t.workspace_id = p_workspace;
    delete from shared.event_claims t where t.workspace_id = p_workspace;
    delete from shared.idempotency_keys t where t.workspace_id = p_workspace;
    delete from shared.outbox t where t.workspace_id = p_workspace;
    update auth.sessions t set workspace_id = null where t.workspace_id = p_workspace;
    delete from auth.organisations t where t.workspace_id = p_workspace;
    delete from workspaces.members t where t.workspace_id = p_workspace;
    delete from workspaces.workspaces t where t.workspace_id = p_workspace;
    perform set_config('app.workspace_id', '', true);
end $$;

-- Deletes people whose time has come with the workspaces that were theirs alone; answers whom. What is left is
-- an id, and audit entries whose sealed fields nobody can open any more.
create function tenant.purge_people(p_now timestamptz, p_most int) returns table (person uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    gone auth.users;
    workspace uuid;
begin
    for gone in
        select u.* from auth.users u
        where u.purge_after <= p_now and u.purged_at is null
        order by u.purge_after limit p_most for update skip locked
    loop
        -- Only where nobody else is: what is shared belongs to those who stay.
        for workspace in
            select m.workspace_id from workspaces.members m
            where m.user_id = gone.user_id
              and not exists (select from workspaces.members o
                              where o.workspace_id = m.workspace_id and o.user_id <> gone.user_id)
        loop
            perform tenant.purge_workspace(workspace);
        end loop;
        delete from workspaces.members t where t.user_id = gone.user_id;
        delete from access.api_keys t where t.user_id = gone.user_id;
        delete from shared.idempotency_keys t where t.user_id = gone.user_id;
        delete from auth.person_keys t where t.user_id = gone.user_id;
        delete from auth.sessions t where t.user_id = gone.user_id;
        delete from auth.exports t where t.user_id = gone.user_id;
        -- What was mailed to their address has expired since, and was swept.
        delete from workspaces.invitations t where t.invited_by = gone.user_id;
        update auth.users u set email = '', name = null, purged_at = p_now where u.user_id = gone.user_id;
        update auth.erasures t set purged_at = p_now where t.user_id = gone.user_id;
        person := gone.user_id;
        return next;
    end loop;
end $$;

-- Erasures that are not yet written where a restored database finds them.
create function tenant.unrecorded_erasures(p_most int) returns table (person uuid, erased_at timestamptz)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select e.user_id, e.erased_at from auth.erasures e where e.recorded_at is null order by e.erased_at limit p_most
$$;

create function tenant.erasure_recorded(p_user uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.erasures set recorded_at = now() where user_id = p_user
$$;

-- Erases somebody again whom a restored database knows as they were before.
create function tenant.erase_again(p_user uuid, p_erased_at timestamptz, p_purge_after timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select from auth.users u where u.user_id = p_user and u.erased_at is null) then
        return false;
    end if;
    perform tenant.end_person(p_user, p_erased_at, p_purge_after);
    return true;
end $$;

-- ---------------------------------------------------------------- what is held about a person

create function tenant.ask_export(
    p_export uuid, p_event uuid, p_event_name text, p_event_body jsonb, p_trace text
) returns timestamptz
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into auth.exports (export_id, user_id) values (p_export, current_setting('app.user_id')::uuid);
    insert into shared.outbox (event_id, workspace_id, event, body, trace)
    values (p_event, null, p_event_name, p_event_body, p_trace);
    perform tenant.audit('person.exported', p_export::text, null);
    return now();
end $$;

-- Everything held about whoever asked: of every table with people in it the rows that name them, by id or by e-mail
-- address; of every other table of a workspace its rows, for the workspaces they own. What serves to sign in (hashes,
-- sealed values) is left out, but for the addresses in their own audit entries. No row: done already, or erased since.
create function tenant.collect_export(p_export uuid) returns table (document jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    asked auth.exports;
    address text;
    everything jsonb := '{}';
    t record;
    entered record;
    rows_of_one jsonb;
    found_rows jsonb;
begin
    select e.* into asked from auth.exports e join auth.users u on u.user_id = e.user_id
    where e.export_id = p_export and e.ready_at is null and u.erased_at is null;
    if asked.export_id is null then
        return;
    end if;
    -- Only an address that they proved here: another issuer's word for one opens nobody else's rows.
    select c.email into address from auth.credentials c where c.user_id = asked.user_id;
    for t in
        select n.nspname, c.relname,
               max(a.attname::text) filter (where a.attname in ('user_id', 'email')) as who,
               exists (select from pg_policy p where p.polrelid = c.oid and p.polname in ('tenant', 'personal')) as of_workspace
        from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
        where c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
          and n.nspname in (select s.nspname from pg_namespace s where s.nspowner = 'km_owner'::regrole)
          and has_table_privilege(c.oid, 'select')
          and n.nspname || '.' || c.relname not in (
              'access.audit', 'auth.person_keys', 'brokers.kite_accounts', 'shared.outbox', 'shared.event_claims', 'shared.idempotency_keys')
        group by c.oid, 1, 2 having bool_or(a.attname in ('user_id', 'email', 'workspace_id'))
        order by 1, 2
    loop
        found_rows := '[]';
        perform set_config('app.workspace_id', '', true);
        if t.who is not null and not t.of_workspace then
            -- `max` prefers the id where a table has both.
            execute format('select coalesce(jsonb_agg(to_jsonb(x)), ''[]'') from %I.%I x where x.%I::text = $1', t.nspname, t.relname, t.who)
            into found_rows using case when t.who = 'user_id' then asked.user_id::text else address end;
        else
            -- Within the tables' own policies: one's own rows wherever one is a member, whole tables where one is the owner.
            for entered in select m.workspace_id, m.role from workspaces.members m where m.user_id = asked.user_id loop
                continue when t.who is null and entered.role <> 'owner';
                perform set_config('app.workspace_id', entered.workspace_id::text, true);
                execute format(
                    'select coalesce(jsonb_agg(to_jsonb(x)), ''[]'') from %I.%I x
                     where x.workspace_id = $1 and ($2 is null or to_jsonb(x) ->> $2 = $3)',
                    t.nspname, t.relname)
                into rows_of_one
                using entered.workspace_id, t.who, case when t.who = 'email' then address else asked.user_id::text end;
                found_rows := found_rows || rows_of_one;
            end loop;
        end if;
        if found_rows <> '[]' then
            everything := everything || jsonb_build_object(t.nspname || '.' || t.relname, (
                select jsonb_agg((
                    select jsonb_object_agg(f.key, f.value) from jsonb_each(r.value) f
                    where f.key !~ '(_hash|_hmac|_sha256|_sealed)$'))
                from jsonb_array_elements(found_rows) r));
        end if;
    end loop;
    perform set_config('app.workspace_id', '', true);
    return query select everything || jsonb_build_object('access.audit', (
        select coalesce(jsonb_agg(jsonb_build_object(
                   'at', a.at, 'workspace_id', a.workspace_id, 'key_id', a.key_id, 'action', a.action, 'subject', a.subject,
                   'request_id', a.request_id,
                   'address', rtrim(convert_from(tenant.sealed(k.key, a.entry_id, a.address_sealed), 'UTF8')))), '[]')
        from (select * from access.audit e where e.user_id = asked.user_id order by e.at desc limit 10000) a
        left join auth.person_keys k on k.user_id = a.user_id));
end $$;

-- Says that an export could not be made, so that nobody waits for it.
create function tenant.export_failed(p_export uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.exports set failed_at = now() where export_id = p_export and ready_at is null
$$;

create function tenant.export_ready(p_export uuid, p_object_key text, p_bytes bigint) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.exports set ready_at = now(), failed_at = null, object_key = p_object_key, bytes = p_bytes where export_id = p_export
$$;

-- The sweep before, with what has come since. Refresh tokens go with their sessions.
create or replace function tenant.sweep()
returns table (registrations bigint, idempotency_keys bigint, event_claims bigint, outbox bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from auth.registrations r where r.expires_at < now() - interval '1 day';
    get diagnostics registrations = row_count;
    delete from auth.resets r where r.expires_at < now() - interval '1 day';
    delete from auth.sessions s where least(s.expires_at, s.revoked_at) < now() - interval '30 days';
    delete from workspaces.invitations i where i.expires_at < now() - interval '30 days';
    delete from auth.exports e where e.requested_at < now() - interval '8 days';
    delete from shared.idempotency_keys k where k.created_at < now() - interval '2 days';
    get diagnostics idempotency_keys = row_count;
    delete from shared.event_claims c where c.claimed_at < now() - interval '30 days';
    get diagnostics event_claims = row_count;
    delete from shared.outbox o where o.sent_at is not null and o.created_at < now() - interval '30 days';
    get diagnostics outbox = row_count;
    return next;
end $$;

revoke all on all functions in schema tenant from public;
grant execute on function
    tenant.create_workspace, tenant.rename_workspace, tenant.members, tenant.change_member, tenant.leave_workspace,
    tenant.transfer_workspace, tenant.accept_invitation, tenant.mark_sent to svc_workspaces;
grant execute on function tenant.enter_key to svc_brokers, svc_portfolio, svc_transactions;
grant execute on function tenant.audit_entries to svc_access;
grant execute on function
    tenant.issue_invitation, tenant.invitation_mailed, tenant.erase_person, tenant.purge_people,
    tenant.unrecorded_erasures, tenant.erasure_recorded, tenant.erase_again, tenant.ask_export, tenant.collect_export,
    tenant.export_ready, tenant.export_failed to svc_auth;
set local role km_owner;
