-- Reading accounts from their broker, what came of it, and days that are sealed.

-- When on its day a statement was taken, Indian time; null is the day's end. What was bought on margin, and the loan.
alter table portfolio.holdings
    add column taken_at time,
    add column financed numeric not null default 0 constraint holdings_financed check (financed >= 0),
    add column loan numeric constraint holdings_loan check (loan >= 0);
alter table portfolio.statements add column taken_at time;
-- When a file came that does not say its day; of a file that is sent again, when it first came.
alter table portfolio.imports add column taken_at timestamptz;

-- What accounts are worth is the portfolio's to say, day by day like the whole workspace. Sealed: the day's last prices
-- are in it. brokers.account_values is what it was before; it goes with the next release.
create table portfolio.account_values (
    workspace_id uuid not null,
    account_id uuid not null,
    day date not null,
    value numeric not null,
    invested numeric not null,
    holdings int not null,
    unpriced int not null,
    valued_at timestamptz not null default now(),
    sealed_at timestamptz,
    constraint account_values_pk primary key (workspace_id, account_id, day),
    constraint account_values_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade
);
create policy moving on brokers.account_values for select to km_owner using (true);
insert into portfolio.account_values (workspace_id, account_id, day, value, invested, holdings, unpriced, valued_at)
select v.workspace_id, v.account_id, v.day, v.value, v.invested, v.holdings, v.unpriced, v.valued_at
from brokers.account_values v;
drop policy moving on brokers.account_values;
call platform.protect_tenant('portfolio.account_values');
alter table portfolio.snapshots add column sealed_at timestamptz;
grant select on portfolio.account_values to svc_brokers;
grant select, insert, update on portfolio.account_values to svc_portfolio;
grant select, delete on portfolio.account_values to km_system;

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
call platform.protect_tenant('brokers.syncs');
create policy system on brokers.syncs for select to km_system using (true);
grant select, delete on brokers.syncs to km_system;
grant select, insert, update on brokers.syncs to svc_brokers;
grant select on brokers.syncs to svc_portfolio;

-- The end of a version 7 id is random: read backwards, the connections of one workspace stand far from each other, and
-- no workspace waits for all of another's.
create index connections_in_turn on brokers.connections (reverse(connection_id::text)) where state = 'connected';

-- Files that are put into the bucket and imported from there.
create table portfolio.uploads (
    workspace_id uuid not null constraint uploads_workspace references workspaces.workspaces,
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
    constraint uploads_pk primary key (workspace_id, upload_id)
);
call platform.protect_tenant('portfolio.uploads');
grant select, insert, update on portfolio.uploads to svc_portfolio;
grant select, delete on portfolio.uploads to km_system;

-- Stores what a broker says is held, as of a moment of today, unless a later moment is stored. When it is complete, what
-- it does not list is gone.
create function portfolio.assert_holdings(
    p_account uuid, p_day date, p_at time, p_layout text, p_id uuid, p_rows jsonb, p_complete boolean
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    -- As km_owner, whom row-level security binds: only the entered workspace can be written.
    workspace uuid := current_setting('app.workspace_id')::uuid;
    listed text[] := array(select r ->> 'isin' from jsonb_array_elements(p_rows) as r);
begin
    -- Imports into the account wait, or are waited for.
    perform pg_advisory_xact_lock(hashtextextended(p_account::text, 0));
    perform from portfolio.statements s
    where s.account_id = p_account and (s.statement_on > p_day or s.statement_on = p_day and s.taken_at > coalesce(p_at, time '24:00'));
    if found then
        return;
    end if;
    insert into portfolio.holdings as h (
        workspace_id, account_id, isin, segment, name, available, t1, pledged, discrepant, financed, loan, cost,
        statement_on, taken_at, layout, import_id)
    select workspace, p_account, r.isin, r.segment, r.name, r.available, r.t1, r.pledged, 0, r.financed, r.loan, r.cost,
           p_day, p_at, p_layout, p_id
    from jsonb_to_recordset(p_rows) as r (isin text, segment text, name text, available numeric, t1 numeric,
        pledged numeric, financed numeric, loan numeric, cost numeric)
    on conflict on constraint holdings_pk do update
    set segment = excluded.segment, available = excluded.available, t1 = excluded.t1, pledged = excluded.pledged,
        discrepant = 0, financed = excluded.financed, loan = excluded.loan, cost = excluded.cost,
        statement_on = excluded.statement_on, taken_at = excluded.taken_at, layout = excluded.layout,
        import_id = excluded.import_id
    -- A file of the same day was true before it was asked; a reading of a later moment stays.
    where h.statement_on < excluded.statement_on
       or h.statement_on = excluded.statement_on
          and (h.layout <> excluded.layout
               or coalesce(h.taken_at, time '24:00') <= coalesce(excluded.taken_at, time '24:00'));
    if not p_complete then
        return;
    end if;
    delete from portfolio.holdings h
    where h.account_id = p_account and h.statement_on <= p_day and not h.isin = any (listed);
    insert into portfolio.statements as s (workspace_id, account_id, segment, statement_on, taken_at, import_id)
    select workspace, p_account, segment, p_day, p_at, p_id from unnest(array['equity', 'mutual_fund']) as segment
    on conflict on constraint statements_pk do update
    set statement_on = excluded.statement_on, taken_at = excluded.taken_at, import_id = excluded.import_id;
end $$;
revoke all on function portfolio.assert_holdings from public;
grant execute on function portfolio.assert_holdings to svc_brokers;

-- Stores events of a file, or the day's fills as Kite tells them, in the workspace that was entered. Outcomes: 'added',
-- 'repeated' (there with the same figures, or changed or taken out by somebody), 'conflict' (there with others: what is
-- stored stays), 'told' (a fill of which a file or a person has told already). Fills are provisional: what a file says
-- of the same trade takes their place.
drop function transactions.record;
create function transactions.record(
    p_account uuid, p_import uuid, p_source text, p_rows jsonb, p_person uuid default null
) returns table (source_key text, outcome text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    -- As km_owner, whom row-level security binds: only the entered workspace can be written.
    workspace uuid := current_setting('app.workspace_id')::uuid;
    person uuid := coalesce(p_person, nullif(current_setting('app.user_id', true), '')::uuid);
begin
    if p_source <> 'kite' then
        perform transactions.replace_fills(p_account, p_source, p_rows);
    end if;
    return query with stated as (
        select r.* from jsonb_to_recordset(p_rows) as r (
            id uuid, kind text, market text, isin text, folio text, symbol text, name text, "on" date, "at" time,
            venue text, exchange text, series text, quantity numeric, amount numeric, charges numeric, stt numeric,
            terms jsonb, reference text, key text)
    ), told as (
        -- A file has the whole of a day.
        select r.key from stated r
        where p_source = 'kite' and exists (
            select from transactions.transactions t
            where t.account_id = p_account and t.kind = r.kind and t.isin = r.isin and t.on_date = r."on"
              and (t.source not in ('kite', 'manual') or t.source = 'manual' and t.quantity = r.quantity))
    ), rows as (
        select r.* from stated r where not exists (select from told where told.key = r.key)
    ), added as (
        insert into transactions.transactions as t (
            workspace_id, transaction_id, account_id, kind, market, isin, folio, symbol, name, on_date, at_time, venue,
            exchange, series, quantity, amount, charges, stt, terms, reference, source_key, source, import_ids, entered_by)
        select workspace, r.id, p_account, r.kind, r.market, r.isin, r.folio, r.symbol, r.name, r."on", r."at", r.venue,
               r.exchange, r.series, r.quantity, r.amount, r.charges, r.stt, r.terms, r.reference, r.key, p_source,
               array[p_import], person
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
          -- What was entered by hand belongs to no file, and a fill that is told again to none either.
          and t.source <> 'manual' and p_source <> 'kite'
    )
    select a.source_key, 'added' from added a
    union all
    select k.source_key, case when k.same then 'repeated' else 'conflict' end from known k
    union all
    select told.key, 'told' from told;
end $$;

-- Gives fills that Kite told of the key and the figures that a file has for the same trade: by its key, else by what it
-- was of, its day, side, quantity and amount, as often as it is there.
create function transactions.replace_fills(p_account uuid, p_source text, p_rows jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from transactions.transactions t where t.account_id = p_account and t.source = 'kite';
    if not found then
        return;
    end if;
    with rows as (
        select r.* from jsonb_to_recordset(p_rows) as r (
            kind text, isin text, "on" date, "at" time, quantity numeric, amount numeric, key text)
    ), fills as (
        select t.transaction_id, t.kind, t.isin, t.on_date, t.quantity, t.amount,
               row_number() over (partition by t.kind, t.isin, t.on_date, t.quantity, t.amount
                                  order by t.at_time, t.source_key) as nth
        from transactions.transactions t
        where t.account_id = p_account and t.source = 'kite' and t.corrected_at is null and t.removed_at is null
          and not exists (select from rows r where r.key = t.source_key)
    ), stated as (
        select r.key, r.kind, r.isin, r."on", r.quantity, r.amount,
               row_number() over (partition by r.kind, r.isin, r."on", r.quantity, r.amount order by r."at", r.key) as nth
        from rows r
        where not exists (select from transactions.transactions t where t.account_id = p_account and t.source_key = r.key)
    )
    update transactions.transactions t set source_key = s.key
    from fills f join stated s
      on (s.kind, s.isin, s."on", s.quantity, s.amount, s.nth) = (f.kind, f.isin, f.on_date, f.quantity, f.amount, f.nth)
    where t.account_id = p_account and t.transaction_id = f.transaction_id;
    update transactions.transactions t
    set kind = r.kind, symbol = r.symbol, name = r.name, at_time = r."at", venue = r.venue, exchange = r.exchange,
        series = r.series, quantity = r.quantity, amount = r.amount, charges = r.charges, stt = r.stt,
        terms = r.terms, reference = r.reference, source = p_source,
        -- It is the file's now, and goes with it.
        import_ids = '{}'
    from jsonb_to_recordset(p_rows) as r (
        kind text, symbol text, name text, "at" time, venue text, exchange text, series text, quantity numeric,
        amount numeric, charges numeric, stt numeric, terms jsonb, reference text, key text)
    where t.account_id = p_account and t.source_key = r.key and t.source = 'kite'
      and t.corrected_at is null and t.removed_at is null;
    -- A file has the whole of a day: what it tells in fewer rows than there were fills is the same.
    delete from transactions.transactions t
    using jsonb_to_recordset(p_rows) as r (kind text, isin text, "on" date)
    where t.account_id = p_account and t.source = 'kite' and t.corrected_at is null and t.removed_at is null
      and (t.kind, t.isin, t.on_date) = (r.kind, r.isin, r."on");
end $$;
revoke all on function transactions.record, transactions.replace_fills from public;
grant execute on function transactions.record to svc_brokers, svc_portfolio;

set local role km_system;

-- Whether somebody may, at this moment, write the portfolio of the workspace that was entered: for files that wait.
create function tenant.may_write(p_user uuid) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from workspaces.members m
        where m.workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid and m.user_id = p_user
          and m.role in ('owner', 'admin', 'analyst')
          and (m.confirmed_at is null or m.confirmed_at > now() - interval '7 days'))
$$;

-- The connection that reads an account of the workspace that was entered, with its sealed token: for the function that
-- reads it, which nobody signs in to.
create function tenant.connection_of(p_account uuid)
returns table (connection_id uuid, user_id uuid, api_key text, token_sealed bytea, sealing_key text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select c.connection_id, c.user_id, c.api_key, c.token_sealed, c.sealing_key from brokers.connections c
    where c.workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid and c.account_id = p_account
      and c.state = 'connected' and c.expires_at > now()
    order by c.connected_at desc limit 1
$$;

-- The broker refused the token: it is deleted, unless there is a newer one.
create function tenant.connection_refused(p_connection uuid, p_was bytea, p_state text, p_reason text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update brokers.connections c
    set state = p_state, reason = p_reason, token_sealed = null, sealing_key = null, changed_at = now()
    where c.workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid
      and c.connection_id = p_connection and c.token_sealed = p_was
$$;

-- Publishes AccountRefreshDue for the next accounts that can be read and were not since the day's refresh began, across
-- workspaces. An event's id is made of day, run and account, so a run that is repeated publishes nothing twice.
create function tenant.publish_syncs(p_day date, p_run text, p_after text, p_most int, p_trace text)
returns table (in_turn text, event_id uuid, workspace_id uuid, event text, body jsonb, trace text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with page as (
        select c.workspace_id, c.account_id, reverse(c.connection_id::text) as in_turn,
               encode(substr(sha256(convert_to(p_day || '/' || p_run || '/' || c.account_id, 'UTF8')), 1, 16), 'hex')::uuid
                   as event_id
        from brokers.connections c
        where c.state = 'connected' and c.expires_at > now() and reverse(c.connection_id::text) > p_after
          and not exists (
              select from brokers.syncs s
              where s.workspace_id = c.workspace_id and s.account_id = c.account_id and s.day = p_day
                and s.good_at >= (p_day + time '18:00') at time zone 'Asia/Kolkata')
        order by reverse(c.connection_id::text) limit p_most
    ), published as (
        insert into shared.outbox (event_id, workspace_id, event, body, trace)
        select p.event_id, p.workspace_id, 'account.refresh_due',
               jsonb_build_object('accountId', p.account_id,
                                  'unlessReadSince', (p_day + time '18:00') at time zone 'Asia/Kolkata'), p_trace
        from page p
        on conflict on constraint outbox_pk do nothing
        returning outbox.event_id, outbox.event, outbox.body
    )
    select p.in_turn, p.event_id, p.workspace_id, u.event, u.body, p_trace
    from page p left join published u on u.event_id = p.event_id
    order by p.in_turn
$$;

-- Publishes RevaluationDue for the next workspaces with accounts. An event's id is made of day, pass and workspace, so a
-- pass that is repeated publishes nothing twice.
create function tenant.publish_revaluations(p_day date, p_pass text, p_seal boolean, p_after uuid, p_most int, p_trace text)
returns table (workspace_id uuid, event_id uuid, event text, body jsonb, trace text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with page as (
        select w.workspace_id,
               encode(substr(sha256(convert_to(p_day || '/' || p_pass || '/' || w.workspace_id, 'UTF8')), 1, 16), 'hex')::uuid
                   as event_id
        from workspaces.workspaces w
        where w.workspace_id > p_after
          and exists (select from brokers.accounts a where a.workspace_id = w.workspace_id)
        order by w.workspace_id limit p_most
    ), published as (
        insert into shared.outbox (event_id, workspace_id, event, body, trace)
        select p.event_id, p.workspace_id, 'portfolio.revaluation_due',
               jsonb_build_object('day', p_day, 'seal', p_seal), p_trace
        from page p
        on conflict on constraint outbox_pk do nothing
        returning outbox.event_id, outbox.event, outbox.body
    )
    select p.workspace_id, p.event_id, u.event, u.body, p_trace
    from page p left join published u on u.event_id = p.event_id
    order by p.workspace_id
$$;

create or replace function tenant.purge_workspace(p_workspace uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- The tables' own policies hold for this function, too.
    perform set_config('app.workspace_id', p_workspace::text, true);
    delete from brokers.kite_accounts t where t.workspace_id = p_workspace;
    delete from brokers.connections t where t.workspace_id = p_workspace;
    delete from brokers.syncs t where t.workspace_id = p_workspace;
    delete from transactions.transactions t where t.workspace_id = p_workspace;
    delete from portfolio.snapshots t where t.workspace_id = p_workspace;
    delete from portfolio.account_values t where t.workspace_id = p_workspace;
    delete from portfolio.holdings t where t.workspace_id = p_workspace;
    delete from portfolio.statements t where t.workspace_id = p_workspace;
    delete from portfolio.uploads t where t.workspace_id = p_workspace;
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

revoke all on all functions in schema tenant from public;
grant execute on function tenant.connection_of, tenant.connection_refused, tenant.publish_syncs to svc_brokers;
grant execute on function tenant.publish_revaluations to svc_transactions;
grant execute on function tenant.may_write to svc_portfolio;
set local role km_owner;
grant select on transactions.special_sessions to svc_transactions;
grant select, insert, update on shared.idempotency_keys to svc_brokers;
grant execute on function shared.claim_key, transactions.plain_name to svc_brokers;
