-- Notes that an erasure is written where a restored database finds it.
create or replace function tenant.erasure_recorded(p_user uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.erasures set recorded_at = now() where user_id = p_user
$$;
