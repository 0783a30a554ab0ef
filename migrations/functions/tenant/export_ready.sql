-- Notes where an export is and how large.
create or replace function tenant.export_ready(p_export uuid, p_object_key text, p_bytes bigint) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.exports set ready_at = now(), failed_at = null, object_key = p_object_key, bytes = p_bytes where export_id = p_export
$$;
