-- What statements say is held: in demat accounts, and in folios the newest of each.
select account_id, isin, null as folio, name, sector, available, t1, pledged, discrepant, cost, statement_on, taken_at,
       layout, financed, loan
from portfolio.holdings
union all
(select distinct on (u.account_id, u.isin, u.folio) u.account_id, u.isin, nullif(u.folio, ''), u.name, null, u.units, 0, 0, 0,
        u.cost, u.statement_on, null, 'cas_folios', 0, null
 from portfolio.folio_units u
 join portfolio.imports i on (i.workspace_id, i.import_id) = (u.workspace_id, u.import_id)
 where i.undone_at is null
 order by u.account_id, u.isin, u.folio, u.statement_on desc, i.created_at desc)
