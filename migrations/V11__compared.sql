set local role km_owner;
-- A benchmark and reports of gains, to compare what was worked out with.

-- What an index closed at, by its name in capitals.
create table transactions.index_closes (
    name text not null,
    on_date date not null,
    close numeric(20, 4) not null constraint index_closes_positive check (close > 0),
    constraint index_closes_pk primary key (name, on_date)
);
grant select, insert, update on transactions.index_closes to svc_transactions;
grant select on transactions.index_closes to svc_portfolio;

-- What the sources say a security is for tax, from the day of the file that said so first: schemes change what they are. The
-- first row counts for the time before it, too.
create table transactions.stated_kinds (
    isin text not null,
    from_on date not null,
    kind text not null,
    constraint stated_kinds_pk primary key (isin, from_on)
);
insert into transactions.stated_kinds (isin, from_on, kind)
select i.isin, i.as_of, i.asset_kind from transactions.instruments i where i.asset_kind is not null;
grant select, insert, update on transactions.stated_kinds to svc_transactions;
grant select on transactions.stated_kinds to svc_portfolio;

-- What a workspace says a security is for tax, from a day on: it goes before what the sources say.
create table transactions.asset_kinds (
    workspace_id uuid not null constraint asset_kinds_workspace references workspaces.workspaces on delete cascade,
    isin text not null,
    from_on date not null,
    kind text not null constraint asset_kinds_kind check (kind in (
        'listed_share', 'equity_fund', 'debt_fund', 'other_fund', 'balanced_fund', 'listed_debt_fund', 'listed_other_fund',
        'trust_unit', 'listed_bond', 'unlisted_bond', 'market_linked_debenture', 'gold_bond', 'unlisted_share')),
    set_by uuid not null,
    set_at timestamptz not null default now(),
    constraint asset_kinds_pk primary key (workspace_id, isin, from_on)
);
call platform.protect_tenant('transactions.asset_kinds');
grant select, insert, update, delete on transactions.asset_kinds to svc_transactions;
grant select on transactions.asset_kinds to svc_portfolio;

-- What is in a folio as consolidated statements close, one row an import: the newest counts, and it goes with its import.
create table portfolio.folio_units (
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
    constraint folio_units_import foreign key (workspace_id, import_id)
        references portfolio.imports (workspace_id, import_id) on delete cascade
);
call platform.protect_tenant('portfolio.folio_units');
grant select, insert, delete on portfolio.folio_units to svc_portfolio;
grant select on portfolio.folio_units to svc_transactions, svc_brokers;

-- What a broker's own report of gains says was sold, to hold the ledger against. It goes with its import.
create table portfolio.stated_gains (
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
    constraint stated_gains_import foreign key (workspace_id, import_id)
        references portfolio.imports (workspace_id, import_id) on delete cascade
);
call platform.protect_tenant('portfolio.stated_gains');
grant select, insert, delete on portfolio.stated_gains to svc_portfolio;

-- What an import asserted goes when it is taken back, by whichever release.
create function portfolio.forget_asserted() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    delete from portfolio.folio_units u where u.workspace_id = new.workspace_id and u.import_id = new.import_id;
    delete from portfolio.stated_gains s where s.workspace_id = new.workspace_id and s.import_id = new.import_id;
    return null;
end $$;
revoke all on function portfolio.forget_asserted from public;
create trigger forget_asserted after update of undone_at on portfolio.imports
    for each row when (new.undone_at is not null) execute function portfolio.forget_asserted();

-- How far the import of an upload with many events is: its import, how many of them are stored, and what came of them.
alter table portfolio.uploads add column progress jsonb;
-- Whether more of the file is to come.
alter table portfolio.imports add column unfinished boolean not null default false;

-- The folios a holding is in, of a statement that tells them: [{folio, units, cost}]. Of others null.
alter table portfolio.holdings add column folios jsonb;
-- The day of the newest complete statement that tells folios: what was in a folio before and is not in it is gone.
alter table portfolio.statements add column folios_on date;

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
grant select, insert, delete on brokers.account_links to svc_brokers;
grant select on brokers.account_links to svc_portfolio;
-- How fresh accounts are.
grant select on portfolio.imports, brokers.syncs to svc_transactions;

-- What a file says of whose an account is: taken where nobody has said so, and otherwise held against it. An account is one
-- demat account and one person's.
create function brokers.state_owner(p_account uuid, p_holder text, p_demat text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    -- As km_owner, whom row-level security binds: only the entered workspace can be written.
    workspace uuid := current_setting('app.workspace_id')::uuid;
begin
    update brokers.accounts a set holder = coalesce(a.holder, p_holder) where a.account_id = p_account and p_holder is not null;
    insert into brokers.account_links (workspace_id, kind, id, account_id)
    select workspace, 'demat', p_demat, p_account
    where p_demat is not null
      and not exists (select from brokers.account_links l where l.account_id = p_account and l.kind = 'demat')
    on conflict on constraint account_links_pk do nothing;
    return (p_holder is null or exists (
               select from brokers.accounts a where a.account_id = p_account and a.holder = p_holder))
       and (p_demat is null or exists (
               select from brokers.account_links l where l.account_id = p_account and l.kind = 'demat' and l.id = p_demat));
end $$;
revoke all on function brokers.state_owner from public;
grant execute on function brokers.state_owner to svc_portfolio;

-- What was asserted of a holding, day by day where it was another quantity: how long what is held has been known.
create table portfolio.assertions (
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
create policy moving on portfolio.holdings for select to km_owner using (true);
insert into portfolio.assertions (workspace_id, account_id, isin, on_date, owned, import_id)
select h.workspace_id, h.account_id, h.isin, h.statement_on, h.available + h.t1 + h.pledged, h.import_id
from portfolio.holdings h;
drop policy moving on portfolio.holdings;
call platform.protect_tenant('portfolio.assertions');
grant select, insert, update, delete on portfolio.assertions to svc_portfolio;

-- Keeps what an import says of holdings, [{isin, folio, owned}], where it is not what was said last.
create function portfolio.keep_assertions(p_workspace uuid, p_account uuid, p_on date, p_import uuid, p_rows jsonb) returns void
language sql set search_path = pg_catalog, pg_temp as $$
    insert into portfolio.assertions as a (workspace_id, account_id, isin, folio, on_date, owned, import_id)
    select p_workspace, p_account, r.isin, r.folio, p_on, r.owned, p_import
    from jsonb_to_recordset(p_rows) as r (isin text, folio text, owned numeric)
    where (select b.owned from portfolio.assertions b
           where b.workspace_id = p_workspace and b.account_id = p_account and b.isin = r.isin and b.folio = r.folio and b.on_date <= p_on
           order by b.on_date desc limit 1) is distinct from r.owned
    on conflict on constraint assertions_pk do update set owned = excluded.owned, import_id = excluded.import_id
$$;
revoke all on function portfolio.keep_assertions from public;
grant execute on function portfolio.keep_assertions to svc_portfolio;

-- As whoever stores holdings, once for all of a statement.
create function portfolio.keep_stored() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    perform portfolio.keep_assertions(told.workspace_id, told.account_id, told.statement_on, told.import_id, told.rows)
    from (
        select s.workspace_id, s.account_id, s.statement_on, s.import_id,
               jsonb_agg(jsonb_build_object('isin', s.isin, 'folio', f.folio, 'owned', f.owned)) as rows
        from stored s
        cross join lateral (
            select '' as folio, s.available + s.t1 + s.pledged as owned where s.folios is null
            union all
            select e.folio, e.units from jsonb_to_recordset(s.folios) as e (folio text, units numeric)
            union all
            -- A folio that is told no more is empty.
            select distinct a.folio, 0
            from portfolio.assertions a
            where s.folios is not null and a.folio <> '' and a.on_date < s.statement_on
              and (a.workspace_id, a.account_id, a.isin) = (s.workspace_id, s.account_id, s.isin)
              and not s.folios @> jsonb_build_array(jsonb_build_object('folio', a.folio))
        ) f
        group by s.workspace_id, s.account_id, s.statement_on, s.import_id
    ) told;
    -- What a statement without folios said is now known by folio.
    delete from portfolio.assertions a using stored s
    where s.folios is not null and a.folio = '' and not s.folios @> '[{"folio": ""}]'
      and (a.workspace_id, a.account_id, a.isin) = (s.workspace_id, s.account_id, s.isin);
    return null;
end $$;
revoke all on function portfolio.keep_stored from public;
create trigger keep_inserted after insert on portfolio.holdings referencing new table as stored
    for each statement execute function portfolio.keep_stored();
create trigger keep_updated after update on portfolio.holdings referencing new table as stored
    for each statement execute function portfolio.keep_stored();

-- What a complete statement no longer lists is not there on its day.
create function portfolio.keep_absences() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    perform portfolio.keep_assertions(new.workspace_id, new.account_id, new.statement_on, new.import_id, (
        select jsonb_agg(jsonb_build_object('isin', known.isin, 'folio', known.folio, 'owned', 0))
        from (select distinct on (b.isin, b.folio) b.isin, b.folio, b.owned from portfolio.assertions b
              where b.workspace_id = new.workspace_id and b.account_id = new.account_id and b.on_date <= new.statement_on
              order by b.isin, b.folio, b.on_date desc) known
        where known.owned <> 0 and not exists (
            select from portfolio.holdings h
            where h.workspace_id = new.workspace_id and h.account_id = new.account_id and h.isin = known.isin)));
    return null;
end $$;
revoke all on function portfolio.keep_absences from public;
create trigger keep_absences after insert or update on portfolio.statements
    for each row execute function portfolio.keep_absences();

-- What Kite told of a trade that a file has told since.
alter table transactions.transactions add column was jsonb;

-- As before; and what Kite had told before a file did is told by Kite again.
create or replace function transactions.forget(p_import uuid) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with told_again as (
        update transactions.transactions t
        set kind = w.kind, symbol = w.symbol, name = w.name, at_time = w.at_time, venue = w.venue, exchange = w.exchange,
            series = w.series, quantity = w.quantity, amount = w.amount, charges = w.charges, stt = w.stt, terms = w.terms,
            reference = w.reference, source = w.source, source_key = w.source_key, import_ids = w.import_ids, was = null
        from transactions.transactions o
        cross join lateral jsonb_populate_record(null::transactions.transactions, o.was) w
        where o.transaction_id = t.transaction_id and o.workspace_id = t.workspace_id and o.was is not null
          and t.import_ids = array[p_import] and t.corrected_at is null and t.removed_at is null
          and not exists (select from transactions.transactions x
                          where x.account_id = t.account_id and x.source_key = w.source_key
                            and x.transaction_id <> t.transaction_id)
        returning t.transaction_id
    ), gone as (
        delete from transactions.transactions t
        where p_import = any (t.import_ids) and t.import_ids = array[p_import]
          and t.corrected_at is null and t.removed_at is null
          and not exists (select from told_again g where g.transaction_id = t.transaction_id)
        returning 1
    ), kept as (
        update transactions.transactions t set import_ids = array_remove(t.import_ids, p_import)
        where p_import = any (t.import_ids)
          and not (t.import_ids = array[p_import] and t.corrected_at is null and t.removed_at is null)
    )
    select (select count(*) from gone) + (select count(*) from told_again)
$$;

-- Cash for the fraction of a share, too.
alter table transactions.transactions drop constraint transactions_venue,
    add constraint transactions_venue check (
        venue in ('exchange', 'trade_to_trade', 'fund', 'off_market', 'redemption', 'fraction'));

-- As before, but a file need not have the whole of a day: one that was made at noon takes the place of what it tells of,
-- and the fills of the afternoon stay. Fills are matched by key, else one to one by what they were of, day, side,
-- quantity and amount. The tradebook has each fill; of another file a row may be a whole order: then the fills, in order of
-- time, are in it as far as its quantity goes.
create or replace function transactions.record(
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
        select f.key from transactions.told_fills(p_account, case when p_source = 'kite' then p_rows else '[]' end) f
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
               or (t.kind, t.quantity, t.amount, t.terms) is not distinct from (r.kind, r.quantity, r.amount, r.terms)
               -- Its own export: people leave out what is nothing.
               or t.source = 'manual' and (t.kind, t.amount) is not distinct from (r.kind, r.amount) as same
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

-- The keys of fills, as Kite tells them, of which a file or a person has told under another key.
create function transactions.told_fills(p_account uuid, p_rows jsonb) returns table (key text)
language sql stable set search_path = pg_catalog, pg_temp as $$
    with rows as (
        select r.* from jsonb_to_recordset(p_rows) as r (
            kind text, isin text, "on" date, "at" time, quantity numeric, amount numeric, key text)
    ), fills as (
        select r.*,
               row_number() over (partition by r.kind, r.isin, r."on", r.quantity, r.amount order by r."at", r.key) as nth,
               row_number() over (partition by r.kind, r.isin, r."on", r.quantity order by r."at", r.key) as nth_of_so_many
        from rows r
        where not exists (select from transactions.transactions t where t.account_id = p_account and t.source_key = r.key)
    ), filed as (
        select t.kind, t.isin, t.on_date, t.quantity, t.amount, t.source, t.removed_at,
               row_number() over (partition by t.kind, t.isin, t.on_date, t.quantity, t.amount
                                  order by t.at_time, t.source_key) as nth
        from transactions.transactions t
        where t.account_id = p_account
          -- What somebody corrected or took out has the file's key by now.
          and (t.source not in ('kite', 'manual')
               or t.source = 'kite' and (t.corrected_at is not null or t.removed_at is not null))
          and (t.kind, t.isin, t.on_date) in (select f.kind, f.isin, f."on" from fills f)
          and not exists (select from rows r where r.key = t.source_key)
    ), matched as (
        select f.key, t.*
        from fills f join filed t
          on (t.kind, t.isin, t.on_date, t.quantity, t.amount, t.nth) = (f.kind, f.isin, f."on", f.quantity, f.amount, f.nth)
    ), by_order as (
        select t.kind, t.isin, t.on_date, sum(t.quantity) as quantity
        from filed t
        where t.source not in ('zerodha_tradebook', 'kite') and t.removed_at is null
          and not exists (
              select from matched m
              where (m.kind, m.isin, m.on_date, m.quantity, m.amount, m.nth)
                  = (t.kind, t.isin, t.on_date, t.quantity, t.amount, t.nth))
        group by t.kind, t.isin, t.on_date
    ), left_over as (
        select f.key, f.kind, f.isin, f."on",
               sum(f.quantity) over (partition by f.kind, f.isin, f."on" order by f."at", f.key) as until
        from fills f
        where not exists (select from matched m where m.key = f.key)
    ), manual as (
        select t.kind, t.isin, t.on_date, t.quantity,
               row_number() over (partition by t.kind, t.isin, t.on_date, t.quantity order by t.transaction_id) as nth
        from transactions.transactions t
        where t.account_id = p_account and t.source = 'manual'
    )
    select m.key from matched m
    union
    select l.key from left_over l join by_order o on (o.kind, o.isin, o.on_date) = (l.kind, l.isin, l."on") and o.quantity >= l.until
    union
    select f.key from fills f join manual m
      on (m.kind, m.isin, m.on_date, m.quantity, m.nth) = (f.kind, f.isin, f."on", f.quantity, f.nth_of_so_many)
$$;

create or replace function transactions.replace_fills(p_account uuid, p_source text, p_rows jsonb) returns void
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
        -- What somebody corrected or took out is the same trade, too: it gets the key, and keeps what they said.
        where t.account_id = p_account and t.source = 'kite'
          and not exists (select from rows r where r.key = t.source_key)
    ), stated as (
        select r.key, r.kind, r.isin, r."on", r.quantity, r.amount,
               row_number() over (partition by r.kind, r.isin, r."on", r.quantity, r.amount order by r."at", r.key) as nth
        from rows r
        where not exists (select from transactions.transactions t where t.account_id = p_account and t.source_key = r.key)
    )
    update transactions.transactions t
    set source_key = s.key,
        was = case when t.corrected_at is null and t.removed_at is null then to_jsonb(t) - 'was' end
    from fills f join stated s
      on (s.kind, s.isin, s."on", s.quantity, s.amount, s.nth) = (f.kind, f.isin, f.on_date, f.quantity, f.amount, f.nth)
    where t.account_id = p_account and t.transaction_id = f.transaction_id;
    update transactions.transactions t
    set kind = r.kind, symbol = r.symbol, name = r.name, at_time = r."at", venue = r.venue, exchange = r.exchange,
        series = r.series, quantity = r.quantity, amount = r.amount, charges = r.charges, stt = r.stt,
        terms = r.terms, reference = r.reference, source = p_source,
        -- It is the file's now; taken back, it is again what Kite told.
        import_ids = '{}', was = coalesce(t.was, to_jsonb(t) - 'was')
    from jsonb_to_recordset(p_rows) as r (
        kind text, symbol text, name text, "at" time, venue text, exchange text, series text, quantity numeric,
        amount numeric, charges numeric, stt numeric, terms jsonb, reference text, key text)
    where t.account_id = p_account and t.source_key = r.key and t.source = 'kite'
      and t.corrected_at is null and t.removed_at is null;
    if p_source = 'zerodha_tradebook' then
        return;
    end if;
    -- What the file tells in fewer rows than there were fills is the same.
    with news as (
        select r.kind, r.isin, r."on", sum(r.quantity) as quantity
        from jsonb_to_recordset(p_rows) as r (kind text, isin text, "on" date, quantity numeric, key text)
        where not exists (select from transactions.transactions t where t.account_id = p_account and t.source_key = r.key)
        group by r.kind, r.isin, r."on"
    ), fills as (
        select t.transaction_id, t.kind, t.isin, t.on_date,
               sum(t.quantity) over (partition by t.kind, t.isin, t.on_date order by t.at_time, t.source_key) as until
        from transactions.transactions t
        where t.account_id = p_account and t.source = 'kite' and t.corrected_at is null and t.removed_at is null
    )
    delete from transactions.transactions t
    using fills f join news n on (n.kind, n.isin, n."on") = (f.kind, f.isin, f.on_date) and n.quantity >= f.until
    where t.account_id = p_account and t.transaction_id = f.transaction_id
      and t.source = 'kite' and t.corrected_at is null and t.removed_at is null;
end $$;
revoke all on function transactions.told_fills from public;

-- What was told long ago goes: files that were taken in or never came, and readings of more than a year ago.
create policy system on portfolio.uploads for select to km_system using (true);
create policy sweeping on portfolio.uploads for delete to km_system
    using (created_at < now() - interval '30 days');
create policy sweeping on brokers.syncs for delete to km_system
    using (day < current_date - 400);
-- What a person is given of everything that is held about them.
grant select on portfolio.folio_units, portfolio.stated_gains, portfolio.assertions, transactions.asset_kinds,
    brokers.account_links to km_system;

grant select on transactions.special_sessions to km_system;
set local role km_system;
create function tenant.sweep_told() returns table (uploads bigint, syncs bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from portfolio.uploads u where u.created_at < now() - interval '30 days';
    get diagnostics uploads = row_count;
    -- The newest of an account says how fresh it is, however old it is.
    delete from brokers.syncs s
    where s.day < current_date - 400
      and exists (select from brokers.syncs n
                  where n.workspace_id = s.workspace_id and n.account_id = s.account_id and n.day > s.day);
    get diagnostics syncs = row_count;
    return next;
end $$;

-- Publishes RefreshDue for the next connections: as before, but what was read before the session ended is read again.
create or replace function tenant.publish_syncs(p_day date, p_run text, p_after text, p_most int, p_trace text)
returns table (in_turn text, event_id uuid, workspace_id uuid, event text, body jsonb, trace text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with closed as (
        -- A session may end after the usual run.
        select (p_day + greatest(time '18:00', (
            select max(x.closes) from transactions.special_sessions x where x.day = p_day))) at time zone 'Asia/Kolkata' as at
    ), page as (
        select c.workspace_id, c.account_id, reverse(c.connection_id::text) as in_turn,
               encode(substr(sha256(convert_to(p_day || '/' || p_run || '/' || c.account_id, 'UTF8')), 1, 16), 'hex')::uuid
                   as event_id
        from brokers.connections c
        where c.state = 'connected' and c.expires_at > now() and reverse(c.connection_id::text) > p_after
          and not exists (
              select from brokers.syncs s
              where s.workspace_id = c.workspace_id and s.account_id = c.account_id and s.day = p_day
                and s.good_at >= (select at from closed))
        order by reverse(c.connection_id::text) limit p_most
    ), published as (
        insert into shared.outbox (event_id, workspace_id, event, body, trace)
        select p.event_id, p.workspace_id, 'account.refresh_due',
               jsonb_build_object('accountId', p.account_id,
                                  'unlessReadSince', (select at from closed)), p_trace
        from page p
        on conflict on constraint outbox_pk do nothing
        returning outbox.event_id, outbox.event, outbox.body
    )
    select p.in_turn, p.event_id, p.workspace_id, u.event, u.body, p_trace
    from page p left join published u on u.event_id = p.event_id
    order by p.in_turn
$$;

-- Accounts' values are the portfolio's since the release before; what asked for the refresh is tenant.publish_syncs.
drop function tenant.publish_refresh(date, uuid, int, text);
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
grant execute on function tenant.sweep_told to svc_platform;
grant execute on function tenant.publish_syncs to svc_brokers;
set local role km_owner;
drop table brokers.account_values;
