-- What files and brokers state: imports, statements and holdings.

create table imports.imports (
    workspace_id uuid not null,
    import_id uuid not null,
    account_id uuid not null,
    user_id uuid not null,
    layout text not null,
    file_name text,
    file_sha256 bytea not null,
    mode text not null constraint imports_mode check (mode in ('merge', 'replace')),
    statement_on date not null,
    -- The whole answer, rows refused and unresolved among it.
    report jsonb not null,
    created_at timestamptz not null default now(),
    undone_at timestamptz,
    -- What it changed of the holdings, to put it back.
    before jsonb,
    -- When a file came that does not say its day; of one that is sent again, when it first came.
    taken_at timestamptz,
    -- Whether only a part of a large file is stored yet.
    unfinished boolean not null default false,
    constraint imports_pk primary key (workspace_id, import_id),
    constraint imports_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade
);
create index imports_by_account on imports.imports (workspace_id, account_id, created_at desc);
call platform.protect_tenant('imports.imports');

-- The newest statement that was complete for a segment of an account: what is older and not in it is gone.
create table imports.statements (
    workspace_id uuid not null,
    account_id uuid not null,
    segment text not null constraint statements_segment check (segment in ('equity', 'mutual_fund')),
    statement_on date not null,
    import_id uuid not null,
    -- When on that day it was taken, Indian time; null is the day's end.
    taken_at time,
    -- The day of the newest statement that was complete for folios.
    folios_on date,
    constraint statements_pk primary key (workspace_id, account_id, segment),
    constraint statements_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade
);
call platform.protect_tenant('imports.statements');

-- What the newest statement says of one instrument in one account: a dated assertion, never an event.
create table imports.holdings (
    workspace_id uuid not null,
    account_id uuid not null,
    isin text not null,
    segment text not null constraint holdings_segment check (segment in ('equity', 'mutual_fund')),
    -- Name and sector as the statement has them, for instruments the reference does not know.
    name text not null,
    sector text,
    available numeric not null constraint holdings_available check (available >= 0),
    t1 numeric not null constraint holdings_t1 check (t1 >= 0),
    pledged numeric not null constraint holdings_pledged check (pledged >= 0),
    -- Not part of what is owned: the broker cannot account for it.
    discrepant numeric not null,
    -- Total cost in rupees; null when the statement does not know it.
    cost numeric,
    statement_on date not null,
    layout text not null,
    import_id uuid not null,
    -- When on its day the statement was taken, Indian time; null is the day's end.
    taken_at time,
    -- Shares the broker lent money for, and how much.
    financed numeric not null default 0 constraint holdings_financed check (financed >= 0),
    loan numeric constraint holdings_loan check (loan >= 0),
    -- Units by folio, where they are in folios.
    folios jsonb,
    constraint holdings_pk primary key (workspace_id, account_id, isin),
    constraint holdings_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade
);
call platform.protect_tenant('imports.holdings');

-- What accounts are worth, day by day like the whole workspace.
-- Files that are put into the bucket and imported from there.
create table imports.uploads (
    workspace_id uuid not null constraint uploads_workspace references workspaces.workspaces on delete cascade,
    upload_id uuid not null,
    user_id uuid not null,
    bytes bigint not null,
    -- How the file is to be taken: what an import's request says beside the file.
    request jsonb not null,
    status text not null default 'waiting' constraint uploads_status check (
        status in ('waiting', 'reading', 'done', 'refused')),
    -- The import's report, or why there is none.
    outcome jsonb,
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    -- How far a file that is read in portions has been read.
    progress jsonb,
    constraint uploads_pk primary key (workspace_id, upload_id)
);
create index uploads_by_age on imports.uploads (created_at);
call platform.protect_tenant('imports.uploads');
-- Files that were taken in or never came are swept.
create policy system on imports.uploads for select to km_system using (true);
create policy sweeping on imports.uploads for delete to km_system
    using (created_at < now() - interval '30 days');

-- What is in a folio as consolidated statements close, one row an import: the newest counts, and it goes with its import.
create table imports.folio_units (
    workspace_id uuid not null,
    import_id uuid not null,
    account_id uuid not null,
    isin text not null,
    -- Blank where the statement has none.
    folio text not null,
    name text not null,
    statement_on date not null,
    units numeric not null constraint folio_units_positive check (units >= 0),
    cost numeric constraint folio_units_cost check (cost > 0),
    constraint folio_units_pk primary key (workspace_id, import_id, isin, folio),
    constraint folio_units_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade,
    constraint folio_units_import foreign key (workspace_id, import_id)
        references imports.imports (workspace_id, import_id) on delete cascade
);
call platform.protect_tenant('imports.folio_units');

-- What a broker's own report of gains says was sold, to hold the ledger against. It goes with its import.
create table imports.stated_gains (
    workspace_id uuid not null,
    import_id uuid not null,
    account_id uuid not null,
    -- The days the report is complete for.
    from_on date not null,
    to_on date not null,
    -- Whether every row of it could be read.
    whole boolean not null,
    exits jsonb not null,
    constraint stated_gains_pk primary key (workspace_id, import_id),
    constraint stated_gains_days check (from_on <= to_on),
    constraint stated_gains_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade,
    constraint stated_gains_import foreign key (workspace_id, import_id)
        references imports.imports (workspace_id, import_id) on delete cascade
);
call platform.protect_tenant('imports.stated_gains');

-- What was asserted of a holding, day by day where it was another quantity: how long what is held has been known.
create table imports.assertions (
    workspace_id uuid not null,
    account_id uuid not null,
    isin text not null,
    -- Blank of what is in no folio, or not said to be.
    folio text not null default '',
    on_date date not null,
    owned numeric not null,
    import_id uuid not null,
    constraint assertions_pk primary key (workspace_id, account_id, isin, folio, on_date),
    constraint assertions_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade
);
call platform.protect_tenant('imports.assertions');
