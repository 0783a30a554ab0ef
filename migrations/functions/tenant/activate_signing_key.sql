-- Makes a published key the one that signs.
create or replace function tenant.activate_signing_key(p_kid text, p_now timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.signing_keys set activated_at = coalesce(activated_at, p_now) where kid = p_kid and retired_at is null
$$;
