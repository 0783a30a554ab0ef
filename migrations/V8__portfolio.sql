-- What portfolios were worth.

create table portfolio.snapshots (
    workspace_id uuid not null constraint snapshots_workspace references workspaces.workspaces on delete cascade,
    day date not null,
    value numeric not null,
    invested numeric not null,
    unrealised_gain numeric not null,
    day_change numeric not null,
    holdings int not null,
    unpriced int not null,
    -- The newest price in it; null when nothing was priced.
    prices_on date,
    taken_at timestamptz not null default now(),
    -- When the day's last prices were in it.
    sealed_at timestamptz,
    constraint snapshots_pk primary key (workspace_id, day)
);
call platform.protect_tenant('portfolio.snapshots');

create table portfolio.account_values (
    workspace_id uuid not null,
    account_id uuid not null,
    day date not null,
    value numeric not null,
    invested numeric not null,
    holdings int not null,
    unpriced int not null,
    valued_at timestamptz not null default now(),
    -- When the day's last prices were in it.
    sealed_at timestamptz,
    constraint account_values_pk primary key (workspace_id, account_id, day),
    constraint account_values_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade
);
call platform.protect_tenant('portfolio.account_values');
