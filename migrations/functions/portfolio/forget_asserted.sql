-- What an import asserted goes when it is taken back, by whichever release.
create or replace function portfolio.forget_asserted() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    delete from portfolio.folio_units u where u.workspace_id = new.workspace_id and u.import_id = new.import_id;
    delete from portfolio.stated_gains s where s.workspace_id = new.workspace_id and s.import_id = new.import_id;
    return null;
end $$;
