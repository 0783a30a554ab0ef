-- Adds an entry for a row that was written. Arguments: the action, the column of the subject, and what of the row is told,
-- as paths whose last word is its name.
create or replace function tenant.audit_row() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    written jsonb := to_jsonb(new);
    detail jsonb;
begin
    select jsonb_object_agg(split_part(path, '.', -1), written #> string_to_array(path, '.')) into detail
    from unnest(tg_argv[2:]) path;
    perform tenant.write_audit(
        new.workspace_id,
        tenant.person(),
        nullif(current_setting('app.key_id', true), ''),
        tg_argv[0], written ->> tg_argv[1], detail,
        nullif(current_setting('app.request_id', true), ''),
        nullif(current_setting('app.address', true), ''));
    return null;
end $$;
