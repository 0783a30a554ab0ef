-- What an import asserted goes when it is taken back, by whichever release.
create or replace function imports.forget_asserted() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    delete from imports.folio_units u where u.workspace_id = new.workspace_id and u.import_id = new.import_id;
    delete from imports.stated_gains s where s.workspace_id = new.workspace_id and s.import_id = new.import_id;
    return null;
end $$;
