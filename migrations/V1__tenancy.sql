-- People, workspaces, and the wall between workspaces.
-- Every table is declared in tables.toml; a test holds the catalogue against it.

create schema auth;
create schema workspaces;
create schema shared;

-- Puts a tenant table behind the wall: only rows of the workspace that was entered are seen or written.
-- nullif: the setting is '' after a transaction that had set it, and '' is no uuid.
create procedure platform.protect_tenant(table_name regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', table_name);
    execute format('alter table %s force row level security', table_name);
    execute format(
        'create policy tenant on %s
         using (workspace_id = nullif(current_setting(''app.workspace_id'', true), '''')::uuid)
         with check (workspace_id = nullif(current_setting(''app.workspace_id'', true), '''')::uuid)',
        table_name
    );
end $$;

-- Closes a table that no service reads by itself: only km_system, through its definer functions.
create procedure platform.protect_identity(table_name regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', table_name);
    execute format('alter table %s force row level security', table_name);
    execute format('create policy system on %s to km_system using (true) with check (true)', table_name);
    execute format('grant select, insert, update, delete on %s to km_system', table_name);
end $$;

-- ---------------------------------------------------------------- auth

create table auth.users (
    user_id uuid constraint users_pk primary key,
    email text not null,
    name text,
    created_at timestamptz not null default now()
);
comment on table auth.users is 'A person. The e-mail is how to reach them, not who they are.';

create table auth.credentials (
    email text constraint credentials_pk primary key,
    user_id uuid not null constraint credentials_user references auth.users,
    password_hash text not null,
    created_at timestamptz not null default now(),
    constraint credentials_email_lower check (email = lower(email))
);
comment on table auth.credentials is 'How a person signs in with a password. The hash is argon2id in PHC form.';

create table auth.sessions (
    session_id uuid constraint sessions_pk primary key,
    user_id uuid not null constraint sessions_user references auth.users,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index sessions_by_user on auth.sessions (user_id);

create table auth.registrations (
    registration_id uuid constraint registrations_pk primary key,
    email text not null,
    name text,
    password_hash text not null,
    -- sha256(registration_id || code); null until the mail is being sent.
    code_sha256 bytea,
    mailed_at timestamptz,
    attempts int not null default 0,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz,
    constraint registrations_email_lower check (email = lower(email))
);
create index registrations_by_expiry on auth.registrations (expires_at);
comment on table auth.registrations is 'A request to register, until its mailed code is entered or it expires.';

create table auth.signing_keys (
    kid text constraint signing_keys_pk primary key,
    -- The public point on P-256, base64url. The private half is in Secrets Manager only.
    x text not null,
    y text not null,
    created_at timestamptz not null default now(),
    retired_at timestamptz
);

-- ---------------------------------------------------------------- workspaces

create table workspaces.workspaces (
    workspace_id uuid constraint workspaces_pk primary key,
    name text not null,
    kind text not null constraint workspaces_kind check (kind in ('personal', 'client')),
    created_at timestamptz not null default now()
);

create table workspaces.members (
    workspace_id uuid not null constraint members_workspace references workspaces.workspaces,
    user_id uuid not null constraint members_user references auth.users,
    role text not null constraint members_role check (role in ('owner', 'admin', 'analyst', 'viewer')),
    joined_at timestamptz not null default now(),
    constraint members_pk primary key (workspace_id, user_id)
);
create index members_by_user on workspaces.members (user_id);

-- ---------------------------------------------------------------- shared by all services

create table shared.outbox (
    event_id uuid constraint outbox_pk primary key,
    workspace_id uuid,
    event text not null,
    body jsonb not null,
    created_at timestamptz not null default now(),
    sent_at timestamptz
);
create index outbox_unsent on shared.outbox (event_id) where sent_at is null;
create index outbox_by_age on shared.outbox (created_at);
comment on table shared.outbox is
    'Facts on their way to queues. Kept after sending, because a consumer enters a workspace by its event.';

create table shared.event_claims (
    workspace_id uuid not null,
    consumer text not null,
    event_id uuid not null,
    claimed_at timestamptz not null default now(),
    constraint event_claims_pk primary key (workspace_id, consumer, event_id)
);
create index event_claims_by_age on shared.event_claims (claimed_at);

create table shared.idempotency_keys (
    workspace_id uuid not null,
    user_id uuid not null,
    route text not null,
    key text not null,
    body_sha256 bytea not null,
    reply jsonb,
    created_at timestamptz not null default now(),
    constraint idempotency_keys_pk primary key (workspace_id, user_id, route, key)
);
create index idempotency_keys_by_age on shared.idempotency_keys (created_at);

call platform.protect_identity('auth.users');
call platform.protect_identity('auth.credentials');
call platform.protect_identity('auth.sessions');
call platform.protect_identity('auth.registrations');
call platform.protect_identity('workspaces.workspaces');
call platform.protect_identity('workspaces.members');
call platform.protect_identity('shared.outbox');
call platform.protect_tenant('shared.event_claims');
call platform.protect_tenant('shared.idempotency_keys');

-- A person sees their own row and memberships, and through those the workspaces.
create policy own on auth.users for select
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
create policy own on workspaces.members for select
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
create policy own on workspaces.workspaces for select
    using (workspace_id in (select m.workspace_id from workspaces.members m));

-- Events of the entered workspace may be published; reading them is the relay's alone.
create policy publish on shared.outbox for insert
    with check (workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid);

-- km_system claims events while entering, and sweeps what has aged.
create policy system on shared.event_claims to km_system using (true) with check (true);
create policy system on shared.idempotency_keys to km_system using (true) with check (true);
grant select, insert, delete on shared.event_claims to km_system;
grant select, insert, delete on shared.idempotency_keys to km_system;

grant usage on schema auth, workspaces, shared to km_system;
grant usage on schema shared to svc_auth, svc_brokers, svc_portfolio;
grant usage on schema auth to svc_auth, svc_brokers, svc_platform, svc_portfolio, svc_transactions;
grant usage on schema workspaces to svc_auth;
grant usage on schema platform to svc_platform;

grant select on auth.signing_keys to svc_auth, svc_brokers, svc_platform, svc_portfolio, svc_transactions;
grant select on auth.users, workspaces.members, workspaces.workspaces to svc_auth;
grant insert on shared.outbox to svc_brokers, svc_portfolio;
grant select, insert, update on shared.idempotency_keys to svc_portfolio;
grant select on platform.schema_history to svc_platform;

-- Claims an Idempotency-Key for the entered workspace, or answers what is stored under it.
-- A concurrent second request waits on the primary key until the first has ended.
create function shared.claim_key(p_user uuid, p_route text, p_key text, p_body_sha256 bytea)
returns table (body_sha256 bytea, reply jsonb, claimed boolean)
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
    if p_key is null then
        return;
    end if;
    insert into shared.idempotency_keys (workspace_id, user_id, route, key, body_sha256)
    values (current_setting('app.workspace_id')::uuid, p_user, p_route, p_key, p_body_sha256)
    on conflict on constraint idempotency_keys_pk do nothing;
    if found then
        return query select p_body_sha256, null::jsonb, true;
    else
        return query
            select k.body_sha256, k.reply, false from shared.idempotency_keys k
            where k.user_id = p_user and k.route = p_route and k.key = p_key;
    end if;
end $$;
revoke all on function shared.claim_key from public;
grant execute on function shared.claim_key to svc_portfolio;

-- ---------------------------------------------------------------- definer functions

set local role km_system;

grant usage on schema tenant to svc_auth, svc_brokers, svc_platform, svc_portfolio, svc_transactions;

-- Enters a workspace: checks session, membership and role, and sets the tenant for this transaction.
create function tenant.enter(p_session uuid, p_user uuid, p_workspace uuid, p_roles text[])
returns table (role text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    member_role text;
begin
    perform from auth.sessions s
    where s.session_id = p_session and s.user_id = p_user and s.revoked_at is null and s.expires_at > now();
    if not found then
        raise exception 'session ended' using errcode = 'KM401';
    end if;
    select m.role into member_role from workspaces.members m
    where m.workspace_id = p_workspace and m.user_id = p_user;
    if member_role is null then
        raise exception 'not a member' using errcode = 'KM404';
    end if;
    if not member_role = any (p_roles) then
        raise exception 'role not allowed' using errcode = 'KM403';
    end if;
    perform set_config('app.workspace_id', p_workspace::text, true),
            set_config('app.user_id', p_user::text, true),
            set_config('statement_timeout', '10s', true);
    return query select member_role;
end $$;

-- Enters the workspace of a published event and claims the event for a consumer.
-- The outbox row is the consumer's only right to be there. `fresh` is false when it was claimed before.
create function tenant.enter_event(p_event uuid, p_consumer text)
returns table (fresh boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    workspace uuid;
begin
    select o.workspace_id into workspace from shared.outbox o where o.event_id = p_event;
    if workspace is null then
        raise exception 'no such event' using errcode = 'KM404';
    end if;
    perform set_config('app.workspace_id', workspace::text, true),
            set_config('app.user_id', '', true),
            set_config('statement_timeout', '30s', true);
    insert into shared.event_claims (workspace_id, consumer, event_id)
    values (workspace, p_consumer, p_event)
    on conflict on constraint event_claims_pk do nothing;
    return query select found;
end $$;

-- Events that were committed and not sent, a page in the order of their ids; those of the last seconds are
-- being sent.
create function tenant.unsent(p_older_than interval, p_after uuid, p_most int)
returns table (event_id uuid, workspace_id uuid, event text, body jsonb)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select o.event_id, o.workspace_id, o.event, o.body from shared.outbox o
    where o.sent_at is null and o.created_at < now() - p_older_than and o.event_id > p_after
    order by o.event_id limit p_most
$$;

create function tenant.mark_sent(p_events uuid[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update shared.outbox set sent_at = now() where event_id = any (p_events) and sent_at is null
$$;

-- Deletes what has aged and answers how much of each. Events outlive the 14 days a queue keeps them.
create function tenant.sweep()
returns table (registrations bigint, idempotency_keys bigint, event_claims bigint, outbox bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from auth.registrations r where r.expires_at < now() - interval '1 day';
    get diagnostics registrations = row_count;
    delete from shared.idempotency_keys k where k.created_at < now() - interval '2 days';
    get diagnostics idempotency_keys = row_count;
    delete from shared.event_claims c where c.claimed_at < now() - interval '30 days';
    get diagnostics event_claims = row_count;
    delete from shared.outbox o where o.sent_at is not null and o.created_at < now() - interval '30 days';
    get diagnostics outbox = row_count;
    return next;
end $$;

-- Stores a request to register and its event; the same work whether or not the address is known.
create function tenant.register(
    p_registration uuid, p_email text, p_name text, p_password_hash text, p_expires_at timestamptz,
    p_event uuid, p_event_name text, p_event_body jsonb
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into auth.registrations (registration_id, email, name, password_hash, expires_at)
    values (p_registration, p_email, p_name, p_password_hash, p_expires_at);
    insert into shared.outbox (event_id, workspace_id, event, body)
    values (p_event, null, p_event_name, p_event_body);
end $$;

-- Gives a registration its code and answers where to mail it. No row: mailed, used, expired or unknown.
-- A known address gets no code: its mail says that the account exists.
create function tenant.issue_code(p_registration uuid, p_code_sha256 bytea)
returns table (email text, known boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
        update auth.registrations r
        set code_sha256 = case when c.email is null then p_code_sha256 end
        from auth.registrations self left join auth.credentials c on c.email = self.email
        where r.registration_id = p_registration and self.registration_id = r.registration_id
          and r.used_at is null and r.mailed_at is null and r.expires_at > now()
        returning r.email, c.email is not null;
end $$;

-- Remembers that the mail has gone out, so that a message delivered again sends no second one.
create function tenant.code_mailed(p_registration uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.registrations set mailed_at = now() where registration_id = p_registration
$$;

-- Checks a mailed code and, when it is right, makes person, credential, workspace and session at once.
-- Answers 'ok', 'wrong_code', 'too_many_attempts', 'expired' or 'already_registered'; a wrong attempt
-- is counted because answering is not raising.
create function tenant.verify_registration(
    p_registration uuid, p_code_sha256 bytea, p_user uuid, p_workspace uuid, p_workspace_name text,
    p_session uuid, p_session_expires_at timestamptz
) returns table (outcome text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    r auth.registrations;
begin
    select * into r from auth.registrations where registration_id = p_registration for update;
    if r.registration_id is null or r.used_at is not null or r.expires_at <= now() then
        return query select 'expired'; return;
    end if;
    if r.attempts >= 5 then
        return query select 'too_many_attempts'; return;
    end if;
    if r.code_sha256 is distinct from p_code_sha256 then
        update auth.registrations set attempts = attempts + 1 where registration_id = p_registration;
        return query select 'wrong_code'; return;
    end if;
    insert into auth.users (user_id, email, name) values (p_user, r.email, r.name);
    insert into auth.credentials (email, user_id, password_hash) values (r.email, p_user, r.password_hash)
    on conflict on constraint credentials_pk do nothing;
    if not found then
        delete from auth.users where user_id = p_user;
        return query select 'already_registered'; return;
    end if;
    update auth.registrations set used_at = now() where registration_id = p_registration;
    insert into workspaces.workspaces (workspace_id, name, kind) values (p_workspace, p_workspace_name, 'personal');
    insert into workspaces.members (workspace_id, user_id, role) values (p_workspace, p_user, 'owner');
    insert into auth.sessions (session_id, user_id, expires_at) values (p_session, p_user, p_session_expires_at);
    return query select 'ok';
end $$;

-- The credential of one address, with the workspace its owner joined first.
create function tenant.credential(p_email text)
returns table (user_id uuid, password_hash text, workspace_id uuid)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select c.user_id, c.password_hash,
           (select m.workspace_id from workspaces.members m
            where m.user_id = c.user_id order by m.joined_at, m.workspace_id limit 1)
    from auth.credentials c where c.email = p_email
$$;

create function tenant.open_session(p_session uuid, p_user uuid, p_expires_at timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into auth.sessions (session_id, user_id, expires_at) values (p_session, p_user, p_expires_at)
$$;

revoke all on all functions in schema tenant from public;
grant execute on function tenant.enter to svc_auth, svc_brokers, svc_portfolio, svc_transactions;
grant execute on function tenant.enter_event to svc_brokers, svc_portfolio;
grant execute on function tenant.mark_sent to svc_auth, svc_brokers, svc_platform, svc_portfolio;
grant execute on function tenant.unsent, tenant.sweep to svc_platform;
grant execute on function tenant.register, tenant.issue_code, tenant.code_mailed, tenant.verify_registration, tenant.credential,
    tenant.open_session to svc_auth;

set local role km_owner;
