-- Remembers that the mail has gone out, so that a message delivered again sends no second one.
create or replace function tenant.code_mailed(p_registration uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.registrations set mailed_at = now() where registration_id = p_registration
$$;
