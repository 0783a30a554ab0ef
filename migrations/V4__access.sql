-- API keys and the audit log.

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
comment on table access.audit is 'Who did what. Rows are added and never changed; after some years they go.';
create index audit_by_workspace on access.audit (workspace_id, at desc, entry_id desc);
create index audit_by_user on access.audit (user_id, at desc);
create index audit_by_age on access.audit (at);
alter table access.audit enable row level security;
alter table access.audit force row level security;
-- Whoever owns it changes nothing in it either; triggers refuse it to everybody.
revoke update, delete, truncate on access.audit from km_owner;
create policy reads on access.audit for select to km_system using (true);
create policy sweeps on access.audit for delete to km_system using (true);
create policy adds on access.audit for insert to km_system with check (true);

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
    -- How many requests are left until then; nothing is said of later ones.
    requests_left integer,
    counted_until timestamptz,
    constraint api_keys_pk primary key (workspace_id, key_id),
    constraint api_keys_workspace foreign key (workspace_id) references workspaces.workspaces on delete cascade
);
comment on table access.api_keys is 'Keys for programs. The secret was shown once and is kept as its SHA-256.';
-- Not unique: that would be checked past the policies. What a key is found by is its secret's hash.
create index api_keys_by_id on access.api_keys (key_id);
call platform.protect_tenant('access.api_keys');
create policy system on access.api_keys to km_system using (true) with check (true);

create table access.key_uses (
    workspace_id uuid not null constraint key_uses_workspace references workspaces.workspaces on delete cascade,
    key_id text not null,
    scope text not null,
    -- The beginning of the hour.
    hour timestamptz not null,
    uses bigint not null,
    -- The entry of the audit log that tells of the hour.
    entry_id uuid not null,
    constraint key_uses_pk primary key (workspace_id, key_id, scope, hour)
);
comment on table access.key_uses is 'How often a key was used in an hour; the audit log has one entry for it.';
create index key_uses_by_entry on access.key_uses (entry_id);
call platform.protect_identity('access.key_uses');
