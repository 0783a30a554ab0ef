-- Erases somebody again whom a restored database knows as they were before.
create or replace function tenant.erase_again(p_user uuid, p_erased_at timestamptz, p_purge_after timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select from auth.users u where u.user_id = p_user and u.erased_at is null) then
        return false;
    end if;
    perform tenant.end_person(p_user, p_erased_at, p_purge_after);
    return true;
end $$;
