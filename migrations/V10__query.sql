-- Versions of what figures are worked out from, and the log of what is asked.

-- How often it was changed: of a workspace its ledger, and in the row without a workspace the market, which is the same for
-- all. Which tables raise which is said in tables.toml.
create table shared.versions (
    workspace_id uuid constraint versions_workspace references workspaces.workspaces on delete cascade,
    version bigint not null,
    constraint versions_key unique nulls not distinct (workspace_id)
);
call platform.protect_identity('shared.versions');

-- What a transaction has changed, until it commits: then the version is raised, once and last, so that nobody waits for
-- another's lock while holding one.
create table shared.changes (
    workspace_id uuid,
    transaction_id xid8 not null,
    constraint changes_key unique nulls not distinct (workspace_id, transaction_id)
);
call platform.protect_identity('shared.changes');

create schema query;

-- A query, written before it runs. Nobody changes it.
create table query.queries (
    workspace_id uuid not null constraint queries_workspace references workspaces.workspaces on delete cascade,
    query_id uuid not null,
    user_id uuid not null,
    -- The key it was asked with.
    key_id text,
    asked_at timestamptz not null default now(),
    -- The words it stands for, where somebody said some.
    question text,
    -- As it was read; as it was sent, where it has faults.
    query jsonb not null,
    faults jsonb,
    constraint queries_pk primary key (workspace_id, query_id)
);
comment on table query.queries is 'What somebody asked. Kept for a setting''s days, 90 by default.';
create index queries_by_age on query.queries (asked_at);
create index queries_by_person on query.queries (user_id);
call platform.protect_personal('query.queries');
create policy system on query.queries to km_system using (true) with check (true);

-- What came of a query, written after it ran. A query without one was cut off.
create table query.outcomes (
    workspace_id uuid not null,
    query_id uuid not null,
    user_id uuid not null,
    answered_at timestamptz not null default now(),
    -- The day in India it was answered on: relative days are counted from it.
    today date not null,
    ledger_version bigint not null,
    market_version bigint not null,
    outcome text not null constraint outcomes_outcome check (outcome in ('answered', 'empty', 'unknown', 'failed')),
    rows integer not null,
    -- The answer with its first rows; null of calls by key, of which only the number of rows is kept.
    answer jsonb,
    constraint outcomes_pk primary key (workspace_id, query_id),
    constraint outcomes_query foreign key (workspace_id, query_id)
        references query.queries (workspace_id, query_id) on delete cascade
);
call platform.protect_personal('query.outcomes');
create policy system on query.outcomes to km_system using (true) with check (true);
