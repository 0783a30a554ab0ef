-- Raises KM403 unless whoever entered may, at this moment, manage members.
create or replace function tenant.check_manager() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not tenant.manages(current_setting('app.workspace_id')::uuid, current_setting('app.user_id')::uuid) then
        raise exception 'role not allowed' using errcode = 'KM403';
    end if;
end $$;
