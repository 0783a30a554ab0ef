-- What statements say is held: in demat accounts, and in folios the newest of each.
with told as (
    select h.account_id, h.isin, nullif(f.folio, '') as folio, h.name, h.sector, f.units, f.cost, h.statement_on, h.taken_at,
           h.layout
    from portfolio.holdings h
    cross join lateral jsonb_to_recordset(h.folios) as f (folio text, units numeric, cost numeric)
), consolidated as (
    select distinct on (u.account_id, u.isin, u.folio) u.account_id, u.isin, nullif(u.folio, '') as folio, u.name, null as sector,
           u.units, u.cost, u.statement_on, null::time as taken_at, 'cas_folios' as layout
    from portfolio.folio_units u
    -- Of one day whichever came first.
    order by u.account_id, u.isin, u.folio, u.statement_on desc, u.units desc, u.cost desc nulls last
), gone as (
    -- What a complete statement that tells folios does not list.
    select c.account_id, c.isin, c.folio, c.name, null, 0, null::numeric, s.folios_on, null::time, 'cas_folios'
    from consolidated c
    join portfolio.statements s on s.account_id = c.account_id and s.segment = 'mutual_fund' and s.folios_on > c.statement_on
    where not exists (select from told t
                      where t.account_id = c.account_id and t.isin = c.isin and t.folio is not distinct from c.folio)
)
select account_id, isin, null as folio, name, sector, available, t1, pledged, discrepant, cost, statement_on, taken_at,
       layout, financed, loan
from portfolio.holdings
where folios is null
union all
(select distinct on (account_id, isin, folio) account_id, isin, folio, name, sector, units, 0, 0, 0, cost, statement_on,
        taken_at, layout, 0, null
 from (table told union all table consolidated union all table gone) every
 order by account_id, isin, folio, statement_on desc, layout)
