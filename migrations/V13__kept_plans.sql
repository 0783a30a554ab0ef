-- What nearly every reading of a portfolio asks, as functions in PL/pgSQL: a session keeps the plans of their queries,
-- and planning them was half of what Postgres did for a book. Nothing is prepared by name for that, so RDS Proxy may
-- still lend a session to everyone. They run as who calls them, under the walls of the workspace that was entered.
set local role km_owner;

-- Every event that the ledger counts.
create function transactions.counted()
returns table (
    transaction_id uuid, account_id uuid, isin text, folio text, market text, kind text, venue text, exchange text,
    on_date date, at_time time, reference text, quantity numeric, amount numeric, charges numeric, stt numeric, terms jsonb
)
language plpgsql stable as $$
#variable_conflict use_column
begin
    return query
    -- Two readings of one statement write a folio with and without spaces.
    select transaction_id, account_id, isin, regexp_replace(folio, '\s', '', 'g'), market, kind, venue, exchange,
           on_date, at_time, reference || '|' || source_key, quantity, amount, charges, stt, terms
    from transactions.transactions
    where removed_at is null and market in ('equity', 'mutual_fund');
end $$;

-- What statements say is held: in demat accounts, and in folios the newest of each.
create function portfolio.stated()
returns table (
    account_id uuid, isin text, folio text, name text, sector text, available numeric, t1 numeric, pledged numeric,
    discrepant numeric, cost numeric, statement_on date, taken_at time, layout text, financed numeric, loan numeric
)
language plpgsql stable as $$
#variable_conflict use_column
begin
    return query
    select account_id, isin, null as folio, name, sector, available, t1, pledged, discrepant, cost, statement_on, taken_at,
           layout, financed, loan
    from portfolio.holdings
    where folios is null
    union all
    (select distinct on (account_id, isin, folio) account_id, isin, nullif(folio, ''), name, sector, units, 0, 0, 0, cost,
            statement_on, taken_at, layout, 0, null
     from (
         select 1 as place, u.account_id, u.isin, u.folio, u.name, null as sector, u.units, u.cost, u.statement_on,
                null::time as taken_at, 'cas_folios' as layout
         from portfolio.folio_units u
         union all
         select 2, h.account_id, h.isin, f.folio, h.name, h.sector, f.units, f.cost, h.statement_on, h.taken_at, h.layout
         from portfolio.holdings h
         cross join lateral jsonb_to_recordset(h.folios) as f (folio text, units numeric, cost numeric)
         where h.folios is not null
         union all
         -- What a complete statement that tells folios does not list.
         select 3, u.account_id, u.isin, u.folio, u.name, null, 0, null, s.folios_on, null, 'cas_folios'
         from portfolio.folio_units u
         join portfolio.statements s on s.account_id = u.account_id and s.segment = 'mutual_fund' and s.folios_on > u.statement_on
     ) told
     -- Of one day whichever came first.
     order by account_id, isin, folio, statement_on desc, place, units desc, cost desc nulls last);
end $$;

-- Every security of a statement or an event, with what the reference knows of it, at prices of a day or before.
create function portfolio.securities(p_day date)
returns table (
    isin text, name text, symbol text, class text, sector text, asset_kind text, close numeric, on_date date,
    price_source text, previous numeric
)
language plpgsql stable as $$
#variable_conflict use_column
begin
    return query
    with securities as (
        select h.isin from portfolio.holdings h
        where (h.available, h.t1, h.pledged, h.discrepant) <> (0, 0, 0, 0)
        union
        select u.isin from portfolio.folio_units u
        where u.units <> 0
        union
        select t.isin from transactions.transactions t
        where t.removed_at is null and t.market in ('equity', 'mutual_fund')
        union
        select t.terms ->> 'into' from transactions.transactions t
        where t.removed_at is null and t.kind in ('split', 'merger', 'demerger')
          and t.terms ->> 'into' is not null
    )
    select x.isin, i.name, s.symbol, coalesce(i.class, 'unclassified') as class, nullif(i.sector, 'unclassified') as sector,
           i.asset_kind, p.close, p.on_date, p.source as price_source,
           -- A price that lags its source by more than a long weekend made its last move some other day.
           case when p.on_date >= n.on_date - 4 then p.previous end as previous
    from securities x
    left join transactions.instruments i on i.isin = x.isin
    left join lateral (
        select y.symbol from transactions.symbols y
        where y.isin = x.isin
        order by y.valid_to desc, y.exchange
        limit 1
    ) s on true
    left join lateral transactions.price_on(x.isin, p_day) p on true
    left join lateral (
        select z.on_date from transactions.prices z
        where z.source = p.source and z.on_date <= p_day
        order by z.on_date desc
        limit 1
    ) n on true;
end $$;

-- How fresh each account is.
create function portfolio.freshness()
returns table (
    account_id uuid, holder text, imported_on date, synced_at timestamptz, problem text, tried_on date
)
language plpgsql stable as $$
#variable_conflict use_column
begin
    return query
    select a.account_id, a.holder, i.imported_on, s.good_at as synced_at, s.problem, s.day as tried_on
    from brokers.accounts a
    left join lateral (
        select max(i.statement_on) as imported_on from portfolio.imports i
        where i.account_id = a.account_id and i.undone_at is null
          -- A list of dividends or gains says nothing of what is held.
          and i.layout not in ('zerodha_dividends', 'zerodha_tax_pnl')
    ) i on true
    left join lateral (
        select s.day, s.good_at, s.problem from brokers.syncs s
        where s.account_id = a.account_id
        order by s.day desc
        limit 1
    ) s on true
    order by a.account_id;
end $$;

revoke all on function transactions.counted, portfolio.stated, portfolio.securities, portfolio.freshness from public;
grant execute on function transactions.counted, portfolio.stated, portfolio.securities to svc_portfolio, svc_transactions;
grant execute on function portfolio.freshness to svc_brokers, svc_portfolio, svc_transactions;
