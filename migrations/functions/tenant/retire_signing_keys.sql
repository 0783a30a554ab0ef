-- Retires every key but the one that began to sign last, and those that wait to.
create or replace function tenant.retire_signing_keys(p_now timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.signing_keys k set retired_at = p_now
    where k.retired_at is null
      and k.activated_at < (select max(n.activated_at) from auth.signing_keys n where n.retired_at is null)
$$;
