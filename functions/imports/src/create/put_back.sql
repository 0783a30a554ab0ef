-- $1 account, $2 import: puts the holdings it changed, and its segments' newest statements, back as they were.
with import as (
    select i.before from imports.imports i
    where i.import_id = $2 and i.before is not null
), old as (
    select h.* from import, jsonb_to_recordset(import.before -> 'holdings') as h (
        isin text, segment text, name text, sector text, available numeric, t1 numeric, pledged numeric,
        discrepant numeric, financed numeric, loan numeric, cost numeric, folios jsonb, statement_on date, taken_at time, layout text,
        import_id uuid)
), gone as (
    -- What the import added was not there before.
    delete from imports.holdings h using import
    where h.account_id = $1 and h.import_id = $2 and not exists (select from old o where o.isin = h.isin)
    returning 1
), restored as (
    insert into imports.holdings as h (workspace_id, account_id, isin, segment, name, sector, available, t1, pledged,
        discrepant, financed, loan, cost, folios, statement_on, taken_at, layout, import_id)
    select current_setting('app.workspace_id')::uuid, $1, o.isin, o.segment, o.name, o.sector, o.available, o.t1,
           o.pledged, o.discrepant, coalesce(o.financed, 0), o.loan, o.cost, o.folios, o.statement_on, o.taken_at, o.layout, o.import_id
    from old o
    -- What somebody else, the broker itself among them, has said since stays, and what that took away is gone.
    where exists (select from imports.holdings h where h.account_id = $1 and h.isin = o.isin and h.import_id = $2)
       or exists (select from imports.statements s where s.account_id = $1 and s.segment = o.segment and s.import_id = $2)
    on conflict on constraint holdings_pk do update
    set segment = excluded.segment, name = excluded.name, sector = excluded.sector, available = excluded.available,
        t1 = excluded.t1, pledged = excluded.pledged, discrepant = excluded.discrepant, cost = excluded.cost,
        financed = excluded.financed, folios = excluded.folios, loan = excluded.loan, statement_on = excluded.statement_on,
        taken_at = excluded.taken_at, layout = excluded.layout, import_id = excluded.import_id
    where h.import_id = $2
    returning 1
), segments as (
    delete from imports.statements s using import where s.account_id = $1 and s.import_id = $2
      and not exists (select from jsonb_to_recordset(import.before -> 'statements') as o (segment text) where o.segment = s.segment)
), statements as (
    insert into imports.statements as s (workspace_id, account_id, segment, statement_on, taken_at, import_id, folios_on)
    select current_setting('app.workspace_id')::uuid, $1, o.segment, o.statement_on, o.taken_at, o.import_id, o.folios_on
    from import, jsonb_to_recordset(import.before -> 'statements') as o (segment text, statement_on date, taken_at time,
        import_id uuid, folios_on date)
    on conflict on constraint statements_pk do update
    set statement_on = excluded.statement_on, taken_at = excluded.taken_at, import_id = excluded.import_id,
        folios_on = excluded.folios_on
    where s.import_id = $2
)
select (select count(*) from gone) + (select count(*) from restored) as holdings
