-- People, workspaces, the wall between workspaces, and what every service shares.
-- Every table is declared in tables.toml, with who may do what with it; the migration grants that.

create schema auth;
create schema workspaces;
create schema shared;
create schema transactions;
create schema market;
create schema brokers;
create schema imports;
create schema portfolio;
create schema access;

-- Puts a tenant table behind the wall: only rows of the workspace that was entered are seen or written.
create procedure platform.protect_tenant(table_name regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', table_name);
    execute format('alter table %s force row level security', table_name);
    execute format(
        'create policy tenant on %s
         using (workspace_id = tenant.workspace())
         with check (workspace_id = tenant.workspace())',
        table_name
    );
end $$;

-- Closes a table that no service reads by itself: only km_system, through its definer functions.
create procedure platform.protect_identity(table_name regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', table_name);
    execute format('alter table %s force row level security', table_name);
    execute format('create policy system on %s to km_system using (true) with check (true)', table_name);
end $$;

-- Puts a table behind two walls: only the rows of whoever entered, in the workspace they entered, are seen or
-- written. A workspace's other members do not see them, admins neither.
create procedure platform.protect_personal(table_name regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', table_name);
    execute format('alter table %s force row level security', table_name);
    execute format(
        'create policy personal on %s
         using (workspace_id = tenant.workspace()
                and user_id = tenant.person())
         with check (workspace_id = tenant.workspace()
                and user_id = tenant.person())',
        table_name
    );
end $$;

-- What of migrations/ that may run again did so, by name: a function runs again when its file has changed.
create table platform.definitions (
    name text constraint definitions_pk primary key,
    sha256 text not null
);

create table auth.users (
    user_id uuid constraint users_pk primary key,
    email text not null,
    name text,
    created_at timestamptz not null default now(),
    -- When the person asked to be erased. Nobody signs in as them since.
    erased_at timestamptz,
    -- Until when what is held about them is kept, so that they may come back.
    purge_after timestamptz,
    -- When everything about them was deleted but this row, which is an id without a person.
    purged_at timestamptz
);
comment on table auth.users is 'A person. The e-mail is how to reach them, not who they are.';
call platform.protect_identity('auth.users');
-- A person sees their own row.
create policy own on auth.users for select
    using (user_id = tenant.person());

create table workspaces.workspaces (
    workspace_id uuid constraint workspaces_pk primary key,
    name text not null,
    kind text not null constraint workspaces_kind check (kind in ('personal', 'client')),
    created_at timestamptz not null default now()
);
call platform.protect_identity('workspaces.workspaces');

create table workspaces.members (
    workspace_id uuid not null constraint members_workspace references workspaces.workspaces on delete cascade,
    user_id uuid not null constraint members_user references auth.users,
    role text not null constraint members_role check (role in ('owner', 'admin', 'analyst', 'viewer')),
    joined_at timestamptz not null default now(),
    -- When another issuer last said that the person is in its organisation; null for members of our own making.
    confirmed_at timestamptz,
    constraint members_pk primary key (workspace_id, user_id)
);
create index members_by_user on workspaces.members (user_id);
call platform.protect_identity('workspaces.members');

create table shared.outbox (
    event_id uuid constraint outbox_pk primary key,
    workspace_id uuid,
    event text not null,
    body jsonb not null,
    created_at timestamptz not null default now(),
    sent_at timestamptz,
    -- The X-Ray header of what published it: Root=…;Parent=…;Sampled=….
    trace text
);
comment on table shared.outbox is
    'Facts on their way to queues. Kept after sending, because a consumer enters a workspace by its event.';
create index outbox_unsent on shared.outbox (event_id) where sent_at is null;
create index outbox_by_age on shared.outbox (created_at);
call platform.protect_identity('shared.outbox');
-- Events of the entered workspace may be published; reading them is the relay's alone.
create policy publish on shared.outbox for insert
    with check (workspace_id = tenant.workspace());

create table shared.event_claims (
    workspace_id uuid not null,
    consumer text not null,
    event_id uuid not null,
    claimed_at timestamptz not null default now(),
    constraint event_claims_pk primary key (workspace_id, consumer, event_id)
);
create index event_claims_by_age on shared.event_claims (claimed_at);
call platform.protect_tenant('shared.event_claims');
-- km_system claims events while entering, and sweeps what has aged.
create policy system on shared.event_claims to km_system using (true) with check (true);

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
call platform.protect_tenant('shared.idempotency_keys');
create policy system on shared.idempotency_keys to km_system using (true) with check (true);
