-- Erasures that are not yet written where a restored database finds them.
create or replace function tenant.unrecorded_erasures(p_most int) returns table (person uuid, erased_at timestamptz)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select e.user_id, e.erased_at from auth.erasures e where e.recorded_at is null order by e.erased_at limit p_most
$$;
