-- What statements say is held: in demat accounts, and in folios the newest of each.
select account_id, isin, null as folio, name, sector, available, t1, pledged, discrepant, cost, statement_on, taken_at,
       layout, financed, loan
from portfolio.holdings
union all
(select distinct on (account_id, isin, folio) account_id, isin, nullif(folio, ''), name, null, units, 0, 0, 0, cost,
        statement_on, null, 'cas_folios', 0, null
 from portfolio.folio_units
 order by account_id, isin, folio, statement_on desc, import_id desc)
