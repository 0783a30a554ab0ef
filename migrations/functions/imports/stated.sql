-- What statements say is held: in demat accounts, and in folios the newest of each.
create or replace function imports.stated()
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
    from imports.holdings
    where folios is null
    union all
    (select distinct on (account_id, isin, folio) account_id, isin, nullif(folio, ''), name, sector, units, 0, 0, 0, cost,
            statement_on, taken_at, layout, 0, null
     from (
         select 1 as place, u.account_id, u.isin, u.folio, u.name, null as sector, u.units, u.cost, u.statement_on,
                null::time as taken_at, 'cas_folios' as layout
         from imports.folio_units u
         union all
         select 2, h.account_id, h.isin, f.folio, h.name, h.sector, f.units, f.cost, h.statement_on, h.taken_at, h.layout
         from imports.holdings h
         cross join lateral jsonb_to_recordset(h.folios) as f (folio text, units numeric, cost numeric)
         where h.folios is not null
         union all
         -- What a complete statement that tells folios does not list.
         select 3, u.account_id, u.isin, u.folio, u.name, null, 0, null, s.folios_on, null, 'cas_folios'
         from imports.folio_units u
         join imports.statements s on s.account_id = u.account_id and s.segment = 'mutual_fund' and s.folios_on > u.statement_on
     ) told
     -- Of one day whichever came first.
     order by account_id, isin, folio, statement_on desc, place, units desc, cost desc nulls last);
end $$;
