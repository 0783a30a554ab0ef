-- $1 account, $2 holdings as a JSON array with decimals as strings, $3 day of the statement, $4 layout, $5 import, $6 when on that day
-- it was taken, null for the day's end.
insert into imports.holdings (workspace_id, account_id, isin, segment, name, sector, available, t1, pledged,
    discrepant, cost, folios, statement_on, taken_at, layout, import_id)
select current_setting('app.workspace_id')::uuid, $1, h.isin, h.segment, h.name, h.sector, h.available, h.t1,
       h.pledged, h.discrepant, h.cost, h.folios, $3, $6, $4, $5
from jsonb_to_recordset($2) as h (isin text, segment text, name text, sector text, available numeric, t1 numeric,
    pledged numeric, discrepant numeric, cost numeric, folios jsonb)
on conflict on constraint holdings_pk do update
set segment = excluded.segment, name = excluded.name, sector = excluded.sector, available = excluded.available,
    t1 = excluded.t1, pledged = excluded.pledged, discrepant = excluded.discrepant, cost = excluded.cost,
    folios = excluded.folios, statement_on = excluded.statement_on,
    taken_at = excluded.taken_at, financed = 0, loan = null, layout = excluded.layout, import_id = excluded.import_id
