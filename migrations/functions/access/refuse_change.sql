-- Refuses to change or delete entries of the audit log, but for deleting what is a year old: tenant.sweep does.
create or replace function access.refuse_change() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        if old.at < now() - interval '1 year' then
            return old;
        end if;
    end if;
    raise exception 'the audit log is never changed' using errcode = 'insufficient_privilege';
end $$;
