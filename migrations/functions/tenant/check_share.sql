-- Raises KM430 when whoever entered has no computing left until the window ends.
create or replace function tenant.check_share() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from auth.shares s
    where s.user_id = tenant.person()
      and s.requests_left <= 0 and s.counted_until > now();
    if found then
        raise exception 'no computing is left' using errcode = 'KM430';
    end if;
end $$;
