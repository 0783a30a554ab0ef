-- How people sign in, and what they may have of themselves.

create table auth.credentials (
    email text constraint credentials_pk primary key,
    user_id uuid not null constraint credentials_user references auth.users,
    password_hash text not null,
    created_at timestamptz not null default now(),
    constraint credentials_email_lower check (email = lower(email))
);
comment on table auth.credentials is 'How a person signs in with a password. The hash is argon2id in PHC form.';
create index credentials_by_user on auth.credentials (user_id);
call platform.protect_identity('auth.credentials');

create table auth.sessions (
    session_id uuid constraint sessions_pk primary key,
    user_id uuid not null constraint sessions_user references auth.users,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    -- Where refreshing leads unless told otherwise: the workspace it was last used for.
    workspace_id uuid,
    ended_because text
        constraint sessions_ended_because check (ended_because in ('logged_out', 'refresh_reused', 'password_reset', 'erased')),
    -- The workspace of another issuer's organisation that it was opened for: no other session enters there.
    organisation_workspace uuid,
    -- The hash of e-mail and network address it was opened with: strangers elsewhere do not lock its person out there.
    address_sha256 bytea
);
create index sessions_by_user on auth.sessions (user_id);
create index sessions_by_end on auth.sessions (least(expires_at, revoked_at));
call platform.protect_identity('auth.sessions');

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
comment on table auth.registrations is 'A request to register, until its mailed code is entered or it expires.';
create index registrations_by_expiry on auth.registrations (expires_at);
call platform.protect_identity('auth.registrations');

create table auth.signing_keys (
    kid text constraint signing_keys_pk primary key,
    -- The public point on P-256, base64url. The private half is in Secrets Manager only.
    x text not null,
    y text not null,
    created_at timestamptz not null default now(),
    retired_at timestamptz,
    -- Since when it signs; null while it is only published.
    activated_at timestamptz
);

create table auth.refresh_tokens (
    token_sha256 bytea constraint refresh_tokens_pk primary key,
    session_id uuid not null constraint refresh_tokens_session references auth.sessions on delete cascade,
    issued_at timestamptz not null default now(),
    used_at timestamptz,
    successor_sha256 bytea,
    -- The successor, sealed under a key that only the holder of this token can derive.
    successor_sealed bytea
);
comment on table auth.refresh_tokens is 'Each is used once; using one again ends its session, but for a retry at once.';
create index refresh_tokens_by_session on auth.refresh_tokens (session_id);
call platform.protect_identity('auth.refresh_tokens');

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
comment on table auth.resets is 'A request to set a new password, until its mailed code is entered or it expires.';
create index resets_by_expiry on auth.resets (expires_at);
call platform.protect_identity('auth.resets');

create table auth.identities (
    issuer text not null,
    subject text not null,
    user_id uuid not null constraint identities_user references auth.users,
    created_at timestamptz not null default now(),
    constraint identities_pk primary key (issuer, subject)
);
comment on table auth.identities is 'Who a person is at another issuer: issuer and subject, never an e-mail address.';
create index identities_by_user on auth.identities (user_id);
call platform.protect_identity('auth.identities');

create table auth.organisations (
    issuer text not null,
    organisation text not null,
    workspace_id uuid not null constraint organisations_workspace references workspaces.workspaces on delete cascade,
    constraint organisations_pk primary key (issuer, organisation)
);
comment on table auth.organisations is 'Which workspace another issuer''s organisation is here.';
create unique index organisations_by_workspace on auth.organisations (workspace_id);
call platform.protect_identity('auth.organisations');

create table auth.person_keys (
    user_id uuid constraint person_keys_pk primary key constraint person_keys_user references auth.users,
    key bytea not null constraint person_keys_size check (octet_length(key) = 32)
);
comment on table auth.person_keys is 'What seals the personal fields of a person''s audit entries. Deleting it makes them anonymous.';
call platform.protect_identity('auth.person_keys');

create table auth.exports (
    export_id uuid constraint exports_pk primary key,
    user_id uuid not null constraint exports_user references auth.users,
    requested_at timestamptz not null default now(),
    ready_at timestamptz,
    failed_at timestamptz,
    object_key text,
    bytes bigint,
    -- The workspace of the organisation that the asking session was opened for: the export has what that session could enter.
    organisation_workspace uuid
);
comment on table auth.exports is 'Exports of what is held about a person, as they asked for them.';
create index exports_by_user on auth.exports (user_id, requested_at desc);
call platform.protect_identity('auth.exports');
create policy own on auth.exports for select
    using (user_id = tenant.person());

create table auth.erasures (
    user_id uuid constraint erasures_pk primary key,
    erased_at timestamptz not null,
    purged_at timestamptz,
    -- When it was written where a restored database finds it.
    recorded_at timestamptz
);
comment on table auth.erasures is 'Who was erased: ids alone, kept to erase them again after a restore.';
call platform.protect_identity('auth.erasures');

-- Unlogged: after a crash everybody has a full share again.
create unlogged table auth.shares (
    user_id uuid constraint shares_pk primary key constraint shares_user references auth.users,
    -- How many requests are left until then; nothing is said of later ones.
    requests_left integer not null,
    counted_until timestamptz not null
);
comment on table auth.shares is 'How many requests that work a whole book out a person has left.';
call platform.protect_identity('auth.shares');
