-- Says that an export could not be made, so that nobody waits for it.
create or replace function tenant.export_failed(p_export uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.exports set failed_at = now() where export_id = p_export and ready_at is null
$$;
