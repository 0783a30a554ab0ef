-- What happened to portfolios: the events that lots, gains and returns are worked out from.

-- Tax is a holder's, whatever the broker: their permanent account number, as its owner states it.
alter table brokers.accounts
    add column holder text constraint accounts_holder check (holder ~ '^[A-Z]{5}[0-9]{4}[A-Z]$');

create table transactions.transactions (
    workspace_id uuid not null,
    transaction_id uuid not null,
    account_id uuid not null,
    kind text not null constraint transactions_kind check (kind in (
        'buy', 'sell', 'ipo_allotment', 'rights', 'bonus', 'split', 'merger', 'demerger', 'transfer_in', 'transfer_out',
        'buyback', 'dividend', 'interest', 'distribution', 'charge', 'opening')),
    -- Contracts are stored and counted, and left out of lots, value and returns.
    market text not null constraint transactions_market check (
        market in ('equity', 'mutual_fund', 'derivative', 'currency', 'commodity')),
    -- null of a contract.
    isin text,
    folio text,
    symbol text,
    name text not null,
    -- The day of the trade, the allotment, the net asset value; the ex-date of a corporate action.
    on_date date not null,
    -- Indian time.
    at_time time constraint transactions_at_time check (at_time < '24:00'),
    venue text constraint transactions_venue check (
        venue in ('exchange', 'trade_to_trade', 'fund', 'off_market', 'redemption')),
    exchange text,
    series text,
    -- Shares or units; null where the kind has none.
    quantity numeric constraint transactions_quantity check (quantity > 0),
    -- Rupees before charges; of income what was paid before tax.
    amount numeric constraint transactions_amount check (amount >= 0),
    -- null is not known, which is not zero.
    charges numeric constraint transactions_charges check (charges >= 0),
    stt numeric constraint transactions_stt check (stt >= 0),
    -- What one kind alone has: gives, per, into, costPercent, allottedOn, acquiredOn, tds, capital, to.
    terms jsonb not null default '{}',
    -- The exchange's id of the trade, or what stands for it.
    reference text not null default '',
    -- What makes it the same event in two files of the account.
    source_key text not null,
    -- The layout of the file, or 'manual'.
    source text not null,
    -- The imports that had it: when the last of them is undone it goes. Empty of what was entered by hand.
    import_ids uuid[] not null default '{}',
    entered_by uuid not null,
    created_at timestamptz not null default now(),
    -- Somebody changed what a file says; the file does not change it back.
    corrected_at timestamptz,
    -- Somebody took it out; the file does not bring it back.
    removed_at timestamptz,
    constraint transactions_pk primary key (workspace_id, transaction_id),
    constraint transactions_source_key unique (workspace_id, account_id, source_key),
    constraint transactions_security check (isin is not null or market in ('derivative', 'currency', 'commodity')),
    constraint transactions_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade
);
create index transactions_by_day on transactions.transactions (workspace_id, on_date, transaction_id);
comment on table transactions.transactions is 'Events of the ledger, as files state them or people enter them.';

-- For tax: the kind of asset, where a source says so. null is not known and never guessed.
alter table transactions.instruments add column asset_kind text constraint instruments_asset_kind check (asset_kind in (
    'listed_share', 'equity_fund', 'debt_fund', 'other_fund', 'balanced_fund', 'listed_debt_fund', 'listed_other_fund',
    'trust_unit', 'listed_bond', 'unlisted_bond', 'market_linked_debenture', 'gold_bond', 'unlisted_share'));

-- A scheme as brokers write it and as AMFI does differ in dashes and in the words plan and option.
create function transactions.plain_name(p_name text) returns text
language sql immutable parallel safe as $$
    select regexp_replace(lower(p_name), '(plan|option|[^a-z0-9])', '', 'g')
$$;
create index instruments_by_plain_name on transactions.instruments (transactions.plain_name(name))
    where class = 'mutual_fund';
revoke all on function transactions.plain_name from public;
grant execute on function transactions.plain_name to svc_portfolio, svc_transactions;

-- The highest price, or the net asset value, of 31 January 2018 (section 55(2)(ac)).
create table transactions.fair_values (
    isin text constraint fair_values_pk primary key,
    price numeric(20, 4) not null constraint fair_values_price_positive check (price > 0),
    source text not null
);

-- What NSE's list of corporate actions says, by symbol: it has no ISINs. Suggested to whoever held the security.
create table transactions.corporate_actions (
    symbol text not null,
    kind text not null constraint corporate_actions_kind check (kind in ('bonus', 'split', 'dividend')),
    ex_date date not null,
    -- Shares that are given for so many that are held; after a split so many for those before.
    gives numeric constraint corporate_actions_gives check (gives > 0),
    per numeric constraint corporate_actions_per check (per > 0),
    -- Rupees a share.
    amount numeric constraint corporate_actions_amount check (amount > 0),
    purpose text not null,
    constraint corporate_actions_pk primary key (symbol, kind, ex_date)
);

-- Days outside Monday to Friday, and hours outside the usual ones, on which the exchange trades. Operators add what the
-- exchange announces; what is here is from its circulars as reference material quotes them.
create table transactions.special_sessions (
    day date constraint special_sessions_pk primary key,
    -- Indian time.
    opens time not null,
    closes time not null,
    name text not null,
    constraint special_sessions_hours check (opens < closes)
);
insert into transactions.special_sessions (day, opens, closes, name) values
    ('2024-11-01', '18:00', '19:00', 'Muhurat'),
    ('2025-10-21', '13:45', '14:45', 'Muhurat'),
    ('2026-02-01', '09:15', '15:30', 'Budget');
grant select on transactions.special_sessions to svc_brokers;

-- When an import was undone; what it changed of the holdings, to put it back.
alter table portfolio.imports
    add column undone_at timestamptz,
    add column before jsonb;

call platform.protect_tenant('transactions.transactions');

grant select, insert, update, delete on transactions.transactions to svc_transactions;
grant select on transactions.transactions to svc_brokers, svc_portfolio;
grant select, insert, update on transactions.fair_values, transactions.corporate_actions to svc_transactions;
grant select on transactions.fair_values to svc_portfolio;
grant update on portfolio.imports to svc_portfolio;
grant usage on schema brokers, portfolio to svc_transactions;
grant select on brokers.accounts, portfolio.holdings, portfolio.statements to svc_transactions;
grant select on portfolio.statements to svc_brokers;
grant select, delete on transactions.transactions to km_system;
grant usage on schema shared to svc_transactions;
grant insert on shared.outbox to svc_transactions;
grant select, insert, update on shared.idempotency_keys to svc_transactions;
grant execute on function shared.claim_key to svc_transactions;

-- Stores events of a file in the workspace that was entered. Outcomes: 'added', 'repeated' (there with the same
-- figures, or changed or taken out by somebody), 'conflict' (there with others: what is stored stays).
create function transactions.record(p_account uuid, p_import uuid, p_source text, p_rows jsonb)
returns table (source_key text, outcome text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    -- As km_owner, whom row-level security binds: only the entered workspace can be written.
    with rows as (
        select r.* from jsonb_to_recordset(p_rows) as r (
            id uuid, kind text, market text, isin text, folio text, symbol text, name text, "on" date, "at" time,
            venue text, exchange text, series text, quantity numeric, amount numeric, charges numeric, stt numeric,
            terms jsonb, reference text, key text)
    ), added as (
        insert into transactions.transactions as t (
            workspace_id, transaction_id, account_id, kind, market, isin, folio, symbol, name, on_date, at_time, venue,
            exchange, series, quantity, amount, charges, stt, terms, reference, source_key, source, import_ids, entered_by)
        select current_setting('app.workspace_id')::uuid, r.id, p_account, r.kind, r.market, r.isin, r.folio, r.symbol,
               r.name, r."on", r."at", r.venue, r.exchange, r.series, r.quantity, r.amount, r.charges, r.stt, r.terms,
               r.reference, r.key, p_source, array[p_import], current_setting('app.user_id')::uuid
        from rows r
        on conflict on constraint transactions_source_key do nothing
        returning t.source_key
    ), known as (
        select t.transaction_id, t.source_key, t.import_ids, r.charges, r.stt,
               t.corrected_at is not null or t.removed_at is not null
               or (t.kind, t.quantity, t.amount, t.terms) is not distinct from (r.kind, r.quantity, r.amount, r.terms) as same
        from rows r join transactions.transactions t on t.account_id = p_account and t.source_key = r.key
    ), claimed as (
        -- What one file does not know of the charges another one may.
        update transactions.transactions t
        set import_ids = t.import_ids || p_import, charges = coalesce(t.charges, k.charges), stt = coalesce(t.stt, k.stt)
        from known k
        where k.same and t.transaction_id = k.transaction_id and not p_import = any (t.import_ids)
          -- What was entered by hand belongs to no file.
          and t.source <> 'manual'
    )
    select a.source_key, 'added' from added a
    union all
    select k.source_key, case when k.same then 'repeated' else 'conflict' end from known k
$$;

-- Takes an import back: what no other import had goes, but for what somebody corrected or took out by hand. Answers
-- how many went. Conditions stand on the row itself, so that a correction at the same moment is seen.
create function transactions.forget(p_import uuid) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with gone as (
        delete from transactions.transactions t
        where p_import = any (t.import_ids) and t.import_ids = array[p_import]
          and t.corrected_at is null and t.removed_at is null
        returning 1
    ), kept as (
        update transactions.transactions t set import_ids = array_remove(t.import_ids, p_import)
        where p_import = any (t.import_ids)
          and not (t.import_ids = array[p_import] and t.corrected_at is null and t.removed_at is null)
    )
    select count(*) from gone
$$;
revoke all on function transactions.record, transactions.forget from public;
grant execute on function transactions.record, transactions.forget to svc_portfolio;

set local role km_system;
create or replace function tenant.purge_workspace(p_workspace uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- The tables' own policies hold for this function, too.
    perform set_config('app.workspace_id', p_workspace::text, true);
    delete from brokers.kite_accounts t where t.workspace_id = p_workspace;
    delete from brokers.connections t where t.workspace_id = p_workspace;
    delete from transactions.transactions t where t.workspace_id = p_workspace;
    delete from portfolio.snapshots t where t.workspace_id = p_workspace;
    delete from portfolio.holdings t where t.workspace_id = p_workspace;
    delete from portfolio.statements t where t.workspace_id = p_workspace;
    delete from portfolio.imports t where t.workspace_id = p_workspace;
    delete from brokers.account_values t where t.workspace_id = p_workspace;
    delete from brokers.accounts t where t.workspace_id = p_workspace;
    delete from access.api_keys t where t.workspace_id = p_workspace;
    delete from workspaces.invitations t where t.workspace_id = p_workspace;
    delete from shared.event_claims t where t.workspace_id = p_workspace;
    delete from shared.idempotency_keys t where t.workspace_id = p_workspace;
    delete from shared.outbox t where t.workspace_id = p_workspace;
    update auth.sessions t set workspace_id = null where t.workspace_id = p_workspace;
    delete from auth.organisations t where t.workspace_id = p_workspace;
    delete from workspaces.members t where t.workspace_id = p_workspace;
    delete from workspaces.workspaces t where t.workspace_id = p_workspace;
    perform set_config('app.workspace_id', '', true);
end $$;

-- Deletes an account with everything in it. Outcomes: 'ok', 'not_found', 'connected' (somebody's connection, whose
-- other members do not see it, is to be ended first).
create function tenant.delete_account(p_account uuid) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    workspace uuid := nullif(current_setting('app.workspace_id', true), '')::uuid;
begin
    perform from brokers.accounts a where a.workspace_id = workspace and a.account_id = p_account;
    if not found then
        return 'not_found';
    end if;
    -- An import into it, and a connection that is being made, wait or are waited for.
    perform pg_advisory_xact_lock(hashtextextended(p_account::text, 0));
    if exists (select from brokers.connections c
               where c.workspace_id = workspace and c.account_id = p_account and c.state = 'connected') then
        return 'connected';
    end if;
    delete from brokers.kite_accounts k using brokers.connections c
    where c.workspace_id = workspace and c.account_id = p_account
      and k.workspace_id = workspace and k.connection_id = c.connection_id;
    delete from brokers.connections c where c.workspace_id = workspace and c.account_id = p_account;
    delete from brokers.accounts a where a.workspace_id = workspace and a.account_id = p_account;
    perform tenant.audit('account.deleted', p_account::text, null);
    return 'ok';
end $$;
revoke all on function tenant.delete_account from public;
grant execute on function tenant.delete_account to svc_brokers;
set local role km_owner;
