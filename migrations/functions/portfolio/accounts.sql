-- How fresh each account is, and up to when each of its segments is told completely: what is not listed then was not
-- held. An account has a row for each such segment, and one row when there is none.
create or replace function portfolio.accounts()
returns table (
    account_id uuid, holder text, imported_on date, synced_at timestamptz, problem text, tried_on date, segment text,
    statement_on date, taken_at time
)
language plpgsql stable as $$
#variable_conflict use_column
begin
    return query
    select a.account_id, a.holder, i.imported_on, s.good_at as synced_at, s.problem, s.day as tried_on, t.segment,
           t.statement_on, t.taken_at
    from brokers.accounts a
    left join lateral (
        select max(i.statement_on) as imported_on from imports.imports i
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
    left join imports.statements t on t.account_id = a.account_id
    order by a.account_id, t.segment;
end $$;
