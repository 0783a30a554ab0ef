-- As whoever stores holdings, once for all of a statement.
create or replace function imports.keep_stored() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    perform imports.keep_assertions(told.workspace_id, told.account_id, told.statement_on, told.import_id, told.rows)
    from (
        select s.workspace_id, s.account_id, s.statement_on, s.import_id,
               jsonb_agg(jsonb_build_object('isin', s.isin, 'folio', f.folio, 'owned', f.owned)) as rows
        from stored s
        cross join lateral (
            select '' as folio, s.available + s.t1 + s.pledged as owned where s.folios is null
            union all
            select e.folio, e.units from jsonb_to_recordset(s.folios) as e (folio text, units numeric)
            union all
            -- A folio that is told no more is empty.
            select distinct a.folio, 0
            from imports.assertions a
            where s.folios is not null and a.folio <> '' and a.on_date < s.statement_on
              and (a.workspace_id, a.account_id, a.isin) = (s.workspace_id, s.account_id, s.isin)
              and not s.folios @> jsonb_build_array(jsonb_build_object('folio', a.folio))
        ) f
        group by s.workspace_id, s.account_id, s.statement_on, s.import_id
    ) told;
    -- What a statement without folios said is now known by folio.
    delete from imports.assertions a using stored s
    where s.folios is not null and a.folio = '' and not s.folios @> '[{"folio": ""}]'
      and (a.workspace_id, a.account_id, a.isin) = (s.workspace_id, s.account_id, s.isin);
    return null;
end $$;
