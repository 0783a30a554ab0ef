-- Publishes a key that does not sign yet.
create or replace function tenant.publish_signing_key(p_kid text, p_x text, p_y text, p_now timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into auth.signing_keys (kid, x, y, created_at) values (p_kid, p_x, p_y, p_now)
$$;
