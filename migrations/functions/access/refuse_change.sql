-- Refuses to change or delete entries of the audit log.
create or replace function access.refuse_change() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception 'the audit log is never changed' using errcode = 'insufficient_privilege';
end $$;
