-- Remembers that the mail has gone out, so that a message delivered again sends no second one.
create or replace function tenant.reset_mailed(p_reset uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.resets set mailed_at = now() where reset_id = p_reset
$$;
