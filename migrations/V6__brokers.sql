-- Accounts with brokers, and connections to read them.

create table brokers.accounts (
    workspace_id uuid not null constraint accounts_workspace references workspaces.workspaces on delete cascade,
    account_id uuid not null,
    broker text not null,
    -- The broker's own id of the client.
    client_id text not null,
    label text not null,
    created_at timestamptz not null default now(),
    -- The PAN of whoever the account is of.
    holder text constraint accounts_holder check (holder ~ '^[A-Z]{5}[0-9]{4}[A-Z]$'),
    constraint accounts_pk primary key (workspace_id, account_id),
    constraint accounts_client unique (workspace_id, broker, client_id)
);
comment on table brokers.accounts is 'A client''s account at a broker: the level at which statements are complete.';
create index accounts_by_id on brokers.accounts (account_id);
call platform.protect_tenant('brokers.accounts');
-- The evening's refresh pages through the accounts of all workspaces.
create policy system on brokers.accounts for select to km_system using (true);

create table brokers.connections (
    workspace_id uuid not null,
    connection_id uuid not null,
    user_id uuid not null,
    -- The Kite app it was made with: an installation may have several.
    api_key text not null,
    kite_user_id text not null,
    user_name text,
    account_id uuid not null,
    state text not null constraint connections_state check (state in ('connected', 'expired', 'revoked', 'error')),
    -- Why it is in this state: a stable word.
    reason text not null,
    -- The access token, sealed; there is one only while it is connected.
    token_sealed bytea,
    sealing_key text,
    connected_at timestamptz not null,
    expires_at timestamptz not null,
    changed_at timestamptz not null default now(),
    constraint connections_pk primary key (workspace_id, connection_id),
    constraint connections_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade,
    constraint connections_token check ((state = 'connected') = (token_sealed is not null and sealing_key is not null))
);
comment on table brokers.connections is 'A person''s connection to their Zerodha account. connected → expired (06:00 IST) → connected; revoked; error.';
create index connections_connected on brokers.connections (expires_at) where state = 'connected';
-- The end of a version 7 id is random: read backwards, the connections of one workspace stand far from each other, and
-- no workspace waits for all of another's.
create index connections_in_turn on brokers.connections (reverse(connection_id::text)) where state = 'connected';
call platform.protect_personal('brokers.connections');
create policy system on brokers.connections to km_system using (true) with check (true);

create table brokers.kite_accounts (
    -- HMAC of the account's id: whoever reads this table learns no ids.
    account_hmac bytea constraint kite_accounts_pk primary key,
    workspace_id uuid not null,
    connection_id uuid not null
);
comment on table brokers.kite_accounts is 'Which connection a Zerodha account belongs to: one, in all of the installation.';
call platform.protect_identity('brokers.kite_accounts');

create table brokers.syncs (
    workspace_id uuid not null,
    account_id uuid not null,
    day date not null,
    tried_at timestamptz not null,
    -- When the broker last told everything, on this day or before; null when it never did.
    good_at timestamptz,
    -- Why the last try of the day was not good, or not whole.
    problem text constraint syncs_problem check (
        problem in ('signed_out', 'not_permitted', 'kite_unavailable', 'symbols_unknown')),
    holdings int not null default 0,
    fills int not null default 0,
    -- Symbols that no instrument has.
    unknown_symbols text[] not null default '{}',
    -- What was open, as the broker said when it was good on this day.
    positions jsonb not null default '[]',
    constraint syncs_pk primary key (workspace_id, account_id, day),
    constraint syncs_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade
);
comment on table brokers.syncs is 'What came of reading an account from its broker, by day.';
create index syncs_by_day on brokers.syncs (day);
call platform.protect_tenant('brokers.syncs');
create policy system on brokers.syncs for select to km_system using (true);
create policy sweeping on brokers.syncs for delete to km_system
    using (day < current_date - 400);

-- What else an account is called in consolidated statements, as its owner says: the depository's id of its demat account,
-- and folios of units outside demat.
create table brokers.account_links (
    workspace_id uuid not null,
    kind text not null constraint account_links_kind check (kind in ('demat', 'folio')),
    -- In capitals, without spaces.
    id text not null constraint account_links_id check (length(id) between 1 and 40),
    account_id uuid not null,
    linked_at timestamptz not null default now(),
    -- One demat account, and one folio, is of one account.
    constraint account_links_pk primary key (workspace_id, kind, id),
    constraint account_links_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade
);
create index account_links_by_account on brokers.account_links (workspace_id, account_id);
call platform.protect_tenant('brokers.account_links');
