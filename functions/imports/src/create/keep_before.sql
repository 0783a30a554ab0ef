-- $1 import, $2 account, $3 the instruments it writes or removes, $4 the segments it is complete for: keeps how they
-- were, so that the import can be taken back.
update imports.imports i
set before = jsonb_build_object(
    'holdings', coalesce((
        select jsonb_agg(to_jsonb(h) - 'workspace_id' - 'account_id') from imports.holdings h
        where h.account_id = $2 and h.isin = any ($3)), '[]'),
    'statements', coalesce((
        select jsonb_agg(to_jsonb(s) - 'workspace_id' - 'account_id') from imports.statements s
        where s.account_id = $2 and s.segment = any ($4)), '[]'))
where i.import_id = $1
