-- What a complete statement no longer lists is not there on its day.
create or replace function imports.keep_absences() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    perform imports.keep_assertions(new.workspace_id, new.account_id, new.statement_on, new.import_id, (
        select jsonb_agg(jsonb_build_object('isin', known.isin, 'folio', known.folio, 'owned', 0))
        from (select distinct on (b.isin, b.folio) b.isin, b.folio, b.owned from imports.assertions b
              where b.workspace_id = new.workspace_id and b.account_id = new.account_id and b.on_date <= new.statement_on
              order by b.isin, b.folio, b.on_date desc) known
        where known.owned <> 0 and not exists (
            select from imports.holdings h
            where h.workspace_id = new.workspace_id and h.account_id = new.account_id and h.isin = known.isin)));
    return null;
end $$;
