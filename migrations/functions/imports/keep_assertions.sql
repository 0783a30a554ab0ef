-- Keeps what an import says of holdings, [{isin, folio, owned}], where it is not what was said last.
create or replace function imports.keep_assertions(p_workspace uuid, p_account uuid, p_on date, p_import uuid, p_rows jsonb) returns void
language sql set search_path = pg_catalog, pg_temp as $$
    insert into imports.assertions as a (workspace_id, account_id, isin, folio, on_date, owned, import_id)
    select p_workspace, p_account, r.isin, r.folio, p_on, r.owned, p_import
    from jsonb_to_recordset(p_rows) as r (isin text, folio text, owned numeric)
    where (select b.owned from imports.assertions b
           where b.workspace_id = p_workspace and b.account_id = p_account and b.isin = r.isin and b.folio = r.folio and b.on_date <= p_on
           order by b.on_date desc limit 1) is distinct from r.owned
    on conflict on constraint assertions_pk do update set owned = excluded.owned, import_id = excluded.import_id
$$;
