-- Conversations in plain language, certified questions, and how many questions a plan has.

create schema chat;
create schema billing;

-- The tier of somebody who pays, until when and why. Whoever has no row is on the free plan.
create table billing.entitlements (
    user_id uuid constraint entitlements_pk primary key constraint entitlements_user references auth.users,
    tier text not null constraint entitlements_tier check (tier in ('free', 'pro')),
    until timestamptz,
    reason text not null,
    set_at timestamptz not null default now()
);
call platform.protect_identity('billing.entitlements');

-- Questions against the plan of whoever pays for the workspace. A reservation is settled once; one that nobody settled counts
-- no more after five minutes.
create table billing.questions (
    question_id uuid constraint questions_pk primary key,
    user_id uuid not null constraint questions_user references auth.users,
    state text not null constraint questions_state check (state in ('reserved', 'counted', 'returned')),
    asked_at timestamptz not null default now()
);
create index questions_by_person on billing.questions (user_id, asked_at);
call platform.protect_identity('billing.questions');

-- Prompts to language models, against the spending caps of a month. What is set aside for a prompt is the most it can cost, until
-- it is settled.
create table billing.model_prompts (
    prompt_id uuid constraint model_prompts_pk primary key,
    workspace_id uuid not null,
    -- Whoever pays for the workspace.
    user_id uuid not null constraint model_prompts_user references auth.users,
    -- Millionths of a US dollar.
    micros bigint not null constraint model_prompts_micros check (micros >= 0),
    input_tokens bigint,
    output_tokens bigint,
    settled boolean not null default false,
    asked_at timestamptz not null default now()
);
create index model_prompts_by_person on billing.model_prompts (user_id, asked_at);
create index model_prompts_by_time on billing.model_prompts (asked_at);
call platform.protect_identity('billing.model_prompts');

-- A question that somebody of the workspace checked, with the query that answers it.
create table query.certified (
    workspace_id uuid not null constraint certified_workspace references workspaces.workspaces on delete cascade,
    certified_id uuid not null,
    -- As it was written, and as it is looked for: in small letters, with words alone.
    question text not null,
    words text not null,
    query jsonb not null,
    user_id uuid not null,
    created_at timestamptz not null default now(),
    constraint certified_pk primary key (workspace_id, certified_id),
    constraint certified_words unique (workspace_id, words)
);
call platform.protect_tenant('query.certified');

-- Who agreed that questions of the workspace are sent to these language models, and to which version of the text.
create table chat.model_consents (
    workspace_id uuid constraint model_consents_pk primary key
        constraint model_consents_workspace references workspaces.workspaces on delete cascade,
    text_version int not null,
    -- Interface, address and name of each.
    models jsonb not null,
    user_id uuid not null,
    agreed_at timestamptz not null default now()
);
call platform.protect_tenant('chat.model_consents');

create table chat.conversations (
    workspace_id uuid not null constraint conversations_workspace references workspaces.workspaces on delete cascade,
    conversation_id uuid not null,
    user_id uuid not null,
    -- The first question.
    title text not null,
    created_at timestamptz not null default now(),
    asked_at timestamptz not null default now(),
    constraint conversations_pk primary key (workspace_id, conversation_id)
);
create index conversations_by_person on chat.conversations (user_id, asked_at);
call platform.protect_personal('chat.conversations');
create policy system on chat.conversations to km_system using (true) with check (true);

create table chat.turns (
    workspace_id uuid not null,
    turn_id uuid not null,
    conversation_id uuid not null,
    user_id uuid not null,
    asked_at timestamptz not null default now(),
    question text not null,
    kind text not null constraint turns_kind check (
        kind in ('answer', 'question_back', 'advice', 'not_understood', 'not_permitted')),
    -- certified, model or rules: who understood it; null where nobody did.
    understood_by text constraint turns_understood_by check (understood_by in ('certified', 'model', 'rules')),
    text text not null,
    -- The query that was answered, and its place in the log, where its cells are.
    query jsonb,
    query_id uuid,
    -- What was asked back: labels with queries.
    options jsonb,
    rating text constraint turns_rating check (rating in ('up', 'down')),
    rating_words text,
    constraint turns_pk primary key (workspace_id, turn_id),
    constraint turns_conversation foreign key (workspace_id, conversation_id)
        references chat.conversations (workspace_id, conversation_id) on delete cascade
);
create index turns_in_order on chat.turns (workspace_id, conversation_id, asked_at);
call platform.protect_personal('chat.turns');
create policy system on chat.turns to km_system using (true) with check (true);
