-- Sessions that are refreshed, passwords that are reset, people who leave, keys that follow one another,
-- and a log of who did what.

create schema access;
grant usage on schema access to km_system;

alter table auth.users
    add column erased_at timestamptz,
    add column purge_after timestamptz,
    add column purged_at timestamptz;
comment on column auth.users.erased_at is 'When the person asked to be erased. Nobody signs in as them since.';
comment on column auth.users.purged_at is 'When everything about them was deleted but this row, which is an id without a person.';

alter table auth.sessions
    add column workspace_id uuid,
    add column ended_because text
        constraint sessions_ended_because check (ended_because in ('logged_out', 'refresh_reused', 'password_reset', 'erased'));
comment on column auth.sessions.workspace_id is 'Where refreshing leads unless told otherwise: the workspace it was last used for.';

alter table auth.sessions add column organisation_workspace uuid;
comment on column auth.sessions.organisation_workspace is
    'The workspace of another issuer''s organisation that the session was opened for: such a place is entered by no other session.';
alter table workspaces.members add column confirmed_at timestamptz;
comment on column workspaces.members.confirmed_at is
    'When another issuer last said that the person is in its organisation; null for members of our own making.';

create table auth.refresh_tokens (
    token_sha256 bytea constraint refresh_tokens_pk primary key,
    session_id uuid not null constraint refresh_tokens_session references auth.sessions on delete cascade,
    issued_at timestamptz not null default now(),
    used_at timestamptz,
    successor_sha256 bytea,
    -- The successor, sealed under a key that only the holder of this token can derive.
    successor_sealed bytea
);
create index refresh_tokens_by_session on auth.refresh_tokens (session_id);
comment on table auth.refresh_tokens is 'Each is used once; using one again ends its session, but for a retry at once.';

create table auth.resets (
    reset_id uuid constraint resets_pk primary key,
    email text not null,
    -- sha256(reset_id || code); null until the mail is being sent.
    code_sha256 bytea,
    mailed_at timestamptz,
    attempts int not null default 0,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz,
    constraint resets_email_lower check (email = lower(email))
);
create index resets_by_expiry on auth.resets (expires_at);
comment on table auth.resets is 'A request to set a new password, until its mailed code is entered or it expires.';

create table auth.identities (
    issuer text not null,
    subject text not null,
    user_id uuid not null constraint identities_user references auth.users,
    created_at timestamptz not null default now(),
    constraint identities_pk primary key (issuer, subject)
);
create index identities_by_user on auth.identities (user_id);
comment on table auth.identities is 'Who a person is at another issuer: issuer and subject, never an e-mail address.';

create table auth.organisations (
    issuer text not null,
    organisation text not null,
    workspace_id uuid not null constraint organisations_workspace references workspaces.workspaces,
    constraint organisations_pk primary key (issuer, organisation)
);
comment on table auth.organisations is 'Which workspace another issuer''s organisation is here.';

create table auth.person_keys (
    user_id uuid constraint person_keys_pk primary key constraint person_keys_user references auth.users,
    key bytea not null constraint person_keys_size check (octet_length(key) = 32)
);
comment on table auth.person_keys is 'What seals the personal fields of a person''s audit entries. Deleting it makes them anonymous.';

alter table auth.signing_keys add column activated_at timestamptz;
comment on column auth.signing_keys.activated_at is 'Since when it signs; null while it is only published.';
update auth.signing_keys set activated_at = created_at where retired_at is null;

create table access.audit (
    entry_id uuid constraint audit_pk primary key,
    at timestamptz not null default now(),
    workspace_id uuid,
    -- Who, as ids without a person in them.
    user_id uuid,
    key_id text,
    action text not null,
    -- What it was done to: an id.
    subject text,
    detail jsonb,
    request_id text,
    -- The address it came from, sealed under the person's key.
    address_sealed bytea
);
create index audit_by_workspace on access.audit (workspace_id, at desc, entry_id desc);
create index audit_by_user on access.audit (user_id, at desc);
comment on table access.audit is 'Who did what. Rows are added and never changed.';

call platform.protect_identity('auth.refresh_tokens');
call platform.protect_identity('auth.resets');
call platform.protect_identity('auth.identities');
call platform.protect_identity('auth.organisations');
call platform.protect_identity('auth.person_keys');

alter table access.audit enable row level security;
alter table access.audit force row level security;
create policy reads on access.audit for select to km_system using (true);
create policy adds on access.audit for insert to km_system with check (true);
grant select, insert on access.audit to km_system;
-- Its owner, too, may only add and read; and who is above all grants meets the trigger.
revoke update, delete, truncate on access.audit from km_owner;
create function access.refuse_change() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception 'the audit log is never changed' using errcode = 'insufficient_privilege';
end $$;
create trigger never_changed before update or delete or truncate on access.audit
    for each statement execute function access.refuse_change();

grant select, insert, update on auth.signing_keys to km_system;

grant usage on schema auth to svc_access, svc_workspaces;
grant select on auth.signing_keys to svc_access, svc_workspaces;

set local role km_system;
grant usage on schema tenant to svc_access, svc_workspaces;

-- ---------------------------------------------------------------- audit

-- Seals or unseals up to 64 bytes: counter mode with SHA-256 as its function. A nonce serves once, and rows are
-- never changed, so there is nothing to authenticate. In here because the key never leaves the database, and
-- core Postgres has no cipher.
create function tenant.sealed(p_key bytea, p_nonce uuid, p_bytes bytea) returns bytea
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
    stream bytea := sha256(p_key || uuid_send(p_nonce) || '\x00') || sha256(p_key || uuid_send(p_nonce) || '\x01');
    bytes bytea := substr(p_bytes, 1, 64);
begin
    for i in 0 .. octet_length(bytes) - 1 loop
        bytes := set_byte(bytes, i, get_byte(bytes, i) # get_byte(stream, i));
    end loop;
    return bytes;
end $$;

create function tenant.write_audit(
    p_workspace uuid, p_user uuid, p_key text, p_action text, p_subject text, p_detail jsonb, p_request text, p_address text
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    entry uuid := gen_random_uuid();
    sealing bytea;
begin
    if p_address is not null then
        insert into auth.person_keys (user_id, key)
        select u.user_id,
               sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
        from auth.users u where u.user_id = p_user and u.purged_at is null
        on conflict on constraint person_keys_pk do nothing;
        select k.key into sealing from auth.person_keys k where k.user_id = p_user;
    end if;
    insert into access.audit (entry_id, workspace_id, user_id, key_id, action, subject, detail, request_id, address_sealed)
    values (entry, p_workspace, p_user, p_key, p_action, p_subject, p_detail, p_request,
            -- As long as the longest address, so that its length says nothing.
            case when sealing is not null
                 then tenant.sealed(sealing, entry, convert_to(rpad(left(p_address, 45), 45), 'UTF8')) end);
end $$;

-- Adds an entry for whoever entered, in the transaction of what they did.
create function tenant.audit(p_action text, p_subject text, p_detail jsonb) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select tenant.write_audit(
        nullif(current_setting('app.workspace_id', true), '')::uuid,
        nullif(current_setting('app.user_id', true), '')::uuid,
        nullif(current_setting('app.key_id', true), ''),
        p_action, p_subject, p_detail,
        nullif(current_setting('app.request_id', true), ''),
        nullif(current_setting('app.address', true), ''))
$$;

-- ---------------------------------------------------------------- entering

-- Raises KM401 unless the session is the person's and goes on.
create function tenant.check_session(p_session uuid, p_user uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from auth.sessions s
    where s.session_id = p_session and s.user_id = p_user and s.revoked_at is null and s.expires_at > now();
    if not found then
        raise exception 'session ended' using errcode = 'KM401';
    end if;
end $$;

-- Enters as a person, in no workspace. The request and its address are what audit entries tell.
create function tenant.enter_person(p_session uuid, p_user uuid, p_request text, p_address text)
returns table (role text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform tenant.check_session(p_session, p_user);
    perform set_config('app.workspace_id', '', true),
            set_config('app.user_id', p_user::text, true),
            set_config('app.session_id', p_session::text, true),
            set_config('app.key_id', '', true),
            set_config('app.request_id', p_request, true),
            set_config('app.address', p_address, true),
            set_config('statement_timeout', '10s', true);
    return query select null::text;
end $$;

-- The same in a workspace. The form without a request stays for the release before this one.
create function tenant.enter(
    p_session uuid, p_user uuid, p_workspace uuid, p_roles text[], p_request text, p_address text
) returns table (role text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    open boolean;
    member_role text;
begin
    select s.revoked_at is null and s.expires_at > now(), m.role into open, member_role
    from auth.sessions s
    left join workspaces.members m on m.user_id = s.user_id and m.workspace_id = p_workspace
        and (m.confirmed_at is null or s.organisation_workspace = p_workspace)
    where s.session_id = p_session and s.user_id = p_user;
    if open is not true then
        raise exception 'session ended' using errcode = 'KM401';
    end if;
    if member_role is null then
        raise exception 'not a member' using errcode = 'KM404';
    end if;
    if not member_role = any (p_roles) then
        raise exception 'role not allowed' using errcode = 'KM403';
    end if;
    perform set_config('app.workspace_id', p_workspace::text, true),
            set_config('app.role', member_role, true),
            set_config('app.user_id', p_user::text, true),
            set_config('app.session_id', p_session::text, true),
            set_config('app.key_id', '', true),
            set_config('app.request_id', p_request, true),
            set_config('app.address', p_address, true),
            set_config('statement_timeout', '10s', true);
    return query select member_role;
end $$;

-- ---------------------------------------------------------------- sessions

-- The credential of one address, with its owner's personal workspace.
create or replace function tenant.credential(p_email text)
returns table (user_id uuid, password_hash text, workspace_id uuid)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select c.user_id, c.password_hash,
           (select m.workspace_id
            from workspaces.members m join workspaces.workspaces w on w.workspace_id = m.workspace_id
            where m.user_id = c.user_id
            order by w.kind = 'personal' desc, m.joined_at, m.workspace_id limit 1)
    from auth.credentials c join auth.users u on u.user_id = c.user_id
    where c.email = p_email and u.erased_at is null
$$;

-- Opens a session with its first refresh token, if the password that was checked is still the person's: a reset or an
-- erasure that came between is waited for and counts. The form without a token stays for the release before this one.
create function tenant.open_session(
    p_session uuid, p_user uuid, p_password_hash text, p_workspace uuid, p_expires_at timestamptz, p_refresh_sha256 bytea,
    p_request text, p_address text
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from auth.credentials c join auth.users u on u.user_id = c.user_id
    where c.user_id = p_user and c.password_hash = p_password_hash and u.erased_at is null
    for share of c, u;
    if not found then
        return false;
    end if;
    insert into auth.sessions (session_id, user_id, workspace_id, expires_at)
    values (p_session, p_user, p_workspace, p_expires_at);
    insert into auth.refresh_tokens (token_sha256, session_id) values (p_refresh_sha256, p_session);
    perform tenant.write_audit(p_workspace, p_user, null, 'session.opened', p_session::text, null, p_request, p_address);
    return true;
end $$;

-- Completes a registration as the form before it does, and gives its session a refresh token.
create function tenant.verify_registration(
    p_registration uuid, p_code_sha256 bytea, p_user uuid, p_workspace uuid, p_workspace_name text,
    p_session uuid, p_session_expires_at timestamptz, p_refresh_sha256 bytea, p_request text, p_address text
) returns table (outcome text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    came_of_it text;
begin
    select v.outcome into came_of_it from tenant.verify_registration(
        p_registration, p_code_sha256, p_user, p_workspace, p_workspace_name, p_session, p_session_expires_at) v;
    if came_of_it = 'ok' then
        update auth.sessions s set workspace_id = p_workspace where s.session_id = p_session;
        insert into auth.refresh_tokens (token_sha256, session_id) values (p_refresh_sha256, p_session);
        perform tenant.write_audit(
            p_workspace, p_user, null, 'person.registered', p_user::text, null, p_request, p_address);
    end if;
    return query select came_of_it;
end $$;

-- Uses a refresh token up and puts its successor in its place. Outcomes:
--   rotated         the successor counts from now on
--   retried         the token was used within 30 seconds and its successor not yet: `sealed` is that successor
--   reused          it was used before: somebody else has it. The session has ended; that stays, since nothing is raised
--   ended, unknown  there is no such session any more, or never was
--   not_a_member    the person is in no such workspace; the token is not used up
-- Two at once wait for each other on the token's row, and the second is a retry.
create function tenant.rotate_refresh(
    p_token_sha256 bytea, p_successor_sha256 bytea, p_sealed bytea, p_workspace uuid, p_request text, p_address text
) returns table (outcome text, user_id uuid, session_id uuid, workspace_id uuid, sealed bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    token auth.refresh_tokens;
    session auth.sessions;
    workspace uuid;
    successor_unused boolean;
begin
    select * into token from auth.refresh_tokens t where t.token_sha256 = p_token_sha256 for update;
    select * into session from auth.sessions s where s.session_id = token.session_id for update;
    if session.session_id is null or session.revoked_at is not null or session.expires_at <= now() then
        return query select case when session.session_id is null then 'unknown' else 'ended' end,
                            null::uuid, null::uuid, null::uuid, null::bytea;
        return;
    end if;
    select t.used_at is null into successor_unused
    from auth.refresh_tokens t where t.token_sha256 = token.successor_sha256;
    if token.used_at is not null and not (successor_unused and token.used_at > now() - interval '30 seconds') then
        update auth.sessions s set revoked_at = now(), ended_because = 'refresh_reused'
        where s.session_id = session.session_id;
        perform tenant.write_audit(
            session.workspace_id, session.user_id, null, 'session.refresh_reused', session.session_id::text, null,
            p_request, p_address);
        return query select 'reused', session.user_id, session.session_id, session.workspace_id, null::bytea;
        return;
    end if;
    select m.workspace_id into workspace
    from workspaces.members m join workspaces.workspaces w on w.workspace_id = m.workspace_id
    where m.user_id = session.user_id and (p_workspace is null or m.workspace_id = p_workspace)
      and (m.confirmed_at is null or session.organisation_workspace = m.workspace_id)
    order by m.workspace_id is not distinct from session.workspace_id desc, w.kind = 'personal' desc, m.joined_at limit 1;
    if workspace is null then
        return query select 'not_a_member', null::uuid, null::uuid, null::uuid, null::bytea;
        return;
    end if;
    update auth.sessions s set workspace_id = workspace where s.session_id = session.session_id;
    if token.used_at is not null then
        return query select 'retried', session.user_id, session.session_id, workspace, token.successor_sealed;
        return;
    end if;
    update auth.refresh_tokens t
    set used_at = now(), successor_sha256 = p_successor_sha256, successor_sealed = p_sealed
    where t.token_sha256 = p_token_sha256;
    insert into auth.refresh_tokens (token_sha256, session_id) values (p_successor_sha256, session.session_id);
    return query select 'rotated', session.user_id, session.session_id, workspace, null::bytea;
end $$;

-- Ends the session that entered, or all of its person's; answers how many ended.
create function tenant.log_out(p_everywhere boolean) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    ended bigint;
begin
    update auth.sessions s set revoked_at = now(), ended_because = 'logged_out'
    where s.user_id = nullif(current_setting('app.user_id', true), '')::uuid
      and (p_everywhere or s.session_id = nullif(current_setting('app.session_id', true), '')::uuid)
      and s.revoked_at is null and s.expires_at > now();
    get diagnostics ended = row_count;
    perform tenant.audit(case when p_everywhere then 'session.closed_everywhere' else 'session.closed' end,
                         current_setting('app.session_id', true), null);
    return ended;
end $$;

-- Leads the session that entered to another workspace; KM404 when its person is no member.
create function tenant.lead_session(p_workspace uuid) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    member_role text;
begin
    select m.role into member_role
    from workspaces.members m
    join auth.sessions s on s.session_id = nullif(current_setting('app.session_id', true), '')::uuid
    where m.workspace_id = p_workspace and m.user_id = s.user_id
      and (m.confirmed_at is null or s.organisation_workspace = p_workspace);
    if member_role is null then
        raise exception 'not a member' using errcode = 'KM404';
    end if;
    update auth.sessions s set workspace_id = p_workspace
    where s.session_id = nullif(current_setting('app.session_id', true), '')::uuid;
    return member_role;
end $$;

-- ---------------------------------------------------------------- other issuers

-- Opens a session for a subject of another issuer. The first time it makes the person and their personal workspace:
-- of many at once one wins, and the others find what it made; an erasure that came between is waited for. With an
-- organisation the session is for its workspace, made the first time, too, and lives an hour: whoever leaves the
-- organisation gets no other. The issuer decides who is an admin; the first admin owns the workspace, and its last owner
-- stays one until they transfer it.
create function tenant.sign_in_external(
    p_issuer text, p_subject text, p_email text, p_name text, p_user uuid, p_workspace uuid,
    p_organisation text, p_organisation_workspace uuid, p_role text,
    p_session uuid, p_session_expires_at timestamptz, p_refresh_sha256 bytea, p_request text, p_address text
) returns table (user_id uuid, workspace_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    person uuid;
    workspace uuid;
begin
    select i.user_id into person from auth.identities i join auth.users u on u.user_id = i.user_id
    where i.issuer = p_issuer and i.subject = p_subject and u.erased_at is null for share of i, u;
    if person is null then
        insert into auth.users (user_id, email, name) values (p_user, coalesce(p_email, ''), p_name);
        insert into auth.identities (issuer, subject, user_id) values (p_issuer, p_subject, p_user)
        on conflict on constraint identities_pk do nothing;
        if found then
            person := p_user;
            insert into workspaces.workspaces (workspace_id, name, kind) values (p_workspace, 'Personal', 'personal');
            insert into workspaces.members (workspace_id, user_id, role) values (p_workspace, person, 'owner');
        else
            delete from auth.users u where u.user_id = p_user;
            select i.user_id into strict person from auth.identities i join auth.users u on u.user_id = i.user_id
            where i.issuer = p_issuer and i.subject = p_subject and u.erased_at is null for share of i, u;
        end if;
    end if;
    if p_organisation is null then
        select m.workspace_id into workspace
        from workspaces.members m join workspaces.workspaces w on w.workspace_id = m.workspace_id
        where m.user_id = person and w.kind = 'personal' order by m.joined_at limit 1;
    else
        workspace := tenant.join_organisation(
            p_issuer, p_organisation, p_organisation_workspace, person, p_role, p_request, p_address);
    end if;
    insert into auth.sessions (session_id, user_id, workspace_id, organisation_workspace, expires_at)
    values (p_session, person, workspace, case when p_organisation is not null then workspace end,
            case when p_organisation is null then p_session_expires_at
                 else least(p_session_expires_at, now() + interval '1 hour') end);
    insert into auth.refresh_tokens (token_sha256, session_id) values (p_refresh_sha256, p_session);
    perform tenant.write_audit(
        workspace, person, null, 'session.opened', p_session::text, jsonb_build_object('issuer', p_issuer), p_request, p_address);
    return query select person, workspace;
end $$;

-- Finds or makes the workspace of an organisation and the person's place in it, as the issuer says now.
create function tenant.join_organisation(
    p_issuer text, p_organisation text, p_candidate uuid, p_user uuid, p_role text, p_request text, p_address text
) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    workspace uuid;
    before text;
    after text;
    owned boolean;
begin
    insert into workspaces.workspaces (workspace_id, name, kind) values (p_candidate, p_organisation, 'client');
    insert into auth.organisations (issuer, organisation, workspace_id) values (p_issuer, p_organisation, p_candidate)
    on conflict on constraint organisations_pk do nothing;
    if not found then
        delete from workspaces.workspaces w where w.workspace_id = p_candidate;
    end if;
    select o.workspace_id into workspace from auth.organisations o
    where o.issuer = p_issuer and o.organisation = p_organisation;
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

-- ---------------------------------------------------------------- passwords and profile

-- Stores a request to reset and its event; the same work whether or not the address is known.
create function tenant.ask_reset(
    p_reset uuid, p_email text, p_expires_at timestamptz,
    p_event uuid, p_event_name text, p_event_body jsonb, p_trace text
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into auth.resets (reset_id, email, expires_at) values (p_reset, p_email, p_expires_at);
    insert into shared.outbox (event_id, workspace_id, event, body, trace)
    values (p_event, null, p_event_name, p_event_body, p_trace);
end $$;

-- Gives a reset its code and answers where to mail it. No row: unknown address, mailed, used or expired.
create function tenant.issue_reset_code(p_reset uuid, p_code_sha256 bytea) returns table (email text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.resets r set code_sha256 = p_code_sha256
    from auth.credentials c join auth.users u on u.user_id = c.user_id
    where r.reset_id = p_reset and c.email = r.email and u.erased_at is null
      and r.used_at is null and r.mailed_at is null and r.expires_at > now()
    returning r.email
$$;

create function tenant.reset_mailed(p_reset uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.resets set mailed_at = now() where reset_id = p_reset
$$;

-- Checks a mailed code and, when it is right, sets the password and ends every session.
-- Answers 'ok', 'wrong_code', 'too_many_attempts' or 'expired'.
create function tenant.reset_password(
    p_reset uuid, p_code_sha256 bytea, p_password_hash text, p_request text, p_address text
) returns table (outcome text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    r auth.resets;
    person uuid;
begin
    select * into r from auth.resets where reset_id = p_reset for update;
    if r.reset_id is null or r.used_at is not null or r.expires_at <= now() then
        return query select 'expired'; return;
    end if;
    if r.attempts >= 5 then
        return query select 'too_many_attempts'; return;
    end if;
    if r.code_sha256 is distinct from p_code_sha256 then
        update auth.resets set attempts = attempts + 1 where reset_id = p_reset;
        return query select 'wrong_code'; return;
    end if;
    update auth.credentials c set password_hash = p_password_hash
    from auth.users u
    where c.email = r.email and u.user_id = c.user_id and u.erased_at is null
    returning c.user_id into person;
    if person is null then
        return query select 'expired'; return;
    end if;
    -- Every other code for this address is void with it.
    update auth.resets set used_at = now() where email = r.email and used_at is null;
    update auth.sessions s set revoked_at = now(), ended_because = 'password_reset'
    where s.user_id = person and s.revoked_at is null;
    perform tenant.write_audit(null, person, null, 'password.reset', person::text, null, p_request, p_address);
    return query select 'ok';
end $$;

create function tenant.rename_person(p_name text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.users set name = p_name
    where user_id = nullif(current_setting('app.user_id', true), '')::uuid
$$;

-- ---------------------------------------------------------------- signing keys

-- Publishes a key that does not sign yet.
create function tenant.publish_signing_key(p_kid text, p_x text, p_y text, p_now timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into auth.signing_keys (kid, x, y, created_at) values (p_kid, p_x, p_y, p_now)
$$;

create function tenant.activate_signing_key(p_kid text, p_now timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.signing_keys set activated_at = coalesce(activated_at, p_now) where kid = p_kid and retired_at is null
$$;

-- Retires every key but the one that began to sign last, and those that wait to.
create function tenant.retire_signing_keys(p_now timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.signing_keys k set retired_at = p_now
    where k.retired_at is null
      and k.activated_at < (select max(n.activated_at) from auth.signing_keys n where n.retired_at is null)
$$;

revoke all on all functions in schema tenant from public;
grant execute on function tenant.enter(uuid, uuid, uuid, text[], text, text)
    to svc_access, svc_auth, svc_brokers, svc_portfolio, svc_transactions, svc_workspaces;
grant execute on function tenant.enter_person to svc_access, svc_auth, svc_workspaces;
grant execute on function tenant.audit to svc_access, svc_auth, svc_brokers, svc_portfolio, svc_transactions, svc_workspaces;
grant execute on function
    tenant.open_session(uuid, uuid, text, uuid, timestamptz, bytea, text, text),
    tenant.verify_registration(uuid, bytea, uuid, uuid, text, uuid, timestamptz, bytea, text, text),
    tenant.sign_in_external, tenant.rotate_refresh, tenant.log_out, tenant.ask_reset, tenant.issue_reset_code, tenant.reset_mailed,
    tenant.reset_password, tenant.rename_person to svc_auth;
grant execute on function tenant.lead_session to svc_workspaces;
grant execute on function
    tenant.publish_signing_key, tenant.activate_signing_key, tenant.retire_signing_keys to svc_platform;
set local role km_owner;
