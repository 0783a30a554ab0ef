-- Accounts, statements and holdings. Quantities and amounts are numeric without a limit: readers bound what a
-- statement may say, and a sum of absurd rows must not become a failure of the database.

create schema brokers;
create schema portfolio;

create table brokers.accounts (
    workspace_id uuid not null constraint accounts_workspace references workspaces.workspaces,
    account_id uuid not null,
    broker text not null,
    -- The broker's own id of the client.
    client_id text not null,
    label text not null,
    created_at timestamptz not null default now(),
    constraint accounts_pk primary key (workspace_id, account_id),
    constraint accounts_client unique (workspace_id, broker, client_id)
);
comment on table brokers.accounts is 'A client''s account at a broker: the level at which statements are complete.';

-- What an account was worth on a day, at the prices known when it was last valued.
create table brokers.account_values (
    workspace_id uuid not null,
    account_id uuid not null,
    day date not null,
    value numeric not null,
    invested numeric not null,
    holdings int not null,
    unpriced int not null,
    valued_at timestamptz not null default now(),
    constraint account_values_pk primary key (workspace_id, account_id, day),
    constraint account_values_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade
);

create table portfolio.imports (
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
    constraint imports_pk primary key (workspace_id, import_id),
    constraint imports_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade
);
create index imports_by_account on portfolio.imports (workspace_id, account_id, created_at desc);

-- The newest statement that was complete for a segment of an account: what is older and not in it is gone.
create table portfolio.statements (
    workspace_id uuid not null,
    account_id uuid not null,
    segment text not null constraint statements_segment check (segment in ('equity', 'mutual_fund')),
    statement_on date not null,
    import_id uuid not null,
    constraint statements_pk primary key (workspace_id, account_id, segment),
    constraint statements_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade
);

-- What the newest statement says of one instrument in one account: a dated assertion, never an event.
create table portfolio.holdings (
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
    constraint holdings_pk primary key (workspace_id, account_id, isin),
    constraint holdings_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade
);

create table portfolio.snapshots (
    workspace_id uuid not null constraint snapshots_workspace references workspaces.workspaces,
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
    constraint snapshots_pk primary key (workspace_id, day)
);

call platform.protect_tenant('brokers.accounts');
call platform.protect_tenant('brokers.account_values');
call platform.protect_tenant('portfolio.imports');
call platform.protect_tenant('portfolio.statements');
call platform.protect_tenant('portfolio.holdings');
call platform.protect_tenant('portfolio.snapshots');

grant usage on schema brokers to svc_brokers, svc_portfolio, km_system;
grant usage on schema portfolio to svc_brokers, svc_portfolio;
grant select, insert, update, delete on brokers.accounts, brokers.account_values to svc_brokers;
grant select on brokers.accounts to svc_portfolio;
grant select, insert on portfolio.imports to svc_portfolio;
grant select, insert, update, delete on portfolio.statements, portfolio.holdings, portfolio.snapshots to svc_portfolio;
grant select on portfolio.holdings, portfolio.imports to svc_brokers;

-- The account of a client, made when it is new. Only brokers writes its tables; imports come here.
create function brokers.link_account(p_account uuid, p_broker text, p_client_id text, p_label text)
returns table (account_id uuid, created boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- As km_owner, whom row-level security binds: only the entered workspace can be written.
    insert into brokers.accounts (workspace_id, account_id, broker, client_id, label)
    values (current_setting('app.workspace_id')::uuid, p_account, p_broker, p_client_id, p_label)
    on conflict on constraint accounts_client do nothing;
    if found then
        return query select p_account, true;
    else
        return query
            select a.account_id, false from brokers.accounts a
            where a.broker = p_broker and a.client_id = p_client_id;
    end if;
end $$;
revoke all on function brokers.link_account from public;
grant execute on function brokers.link_account to svc_portfolio;

-- Publishes AccountRefreshDue for the next page of accounts, across workspaces. An event's id is made of
-- day and account, so a day that is run twice publishes nothing twice.
create policy system on brokers.accounts for select to km_system using (true);
grant select on brokers.accounts to km_system;

set local role km_system;
create function tenant.publish_refresh(p_day date, p_after uuid, p_most int)
returns table (account_id uuid, event_id uuid, workspace_id uuid, event text, body jsonb)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with page as (
        select a.workspace_id, a.account_id,
               encode(substr(sha256(convert_to(p_day || '/' || a.account_id, 'UTF8')), 1, 16), 'hex')::uuid as event_id
        from brokers.accounts a
        where a.account_id > p_after
        order by a.account_id limit p_most
    ), published as (
        insert into shared.outbox (event_id, workspace_id, event, body)
        select p.event_id, p.workspace_id, 'account.refresh_due', jsonb_build_object('accountId', p.account_id)
        from page p
        on conflict on constraint outbox_pk do nothing
        returning outbox.event_id, outbox.event, outbox.body
    )
    select p.account_id, p.event_id, p.workspace_id, u.event, u.body
    from page p left join published u on u.event_id = p.event_id
    order by p.account_id
$$;
revoke all on function tenant.publish_refresh from public;
grant execute on function tenant.publish_refresh to svc_brokers;
set local role km_owner;
create index accounts_by_id on brokers.accounts (account_id);
