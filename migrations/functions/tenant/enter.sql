-- Enters a workspace. Raises KM401 (no such session), KM404 (not a member), KM403 (role), KM406 (read-only for now).
create or replace function tenant.enter(
    p_session uuid, p_user uuid, p_workspace uuid, p_roles text[], p_request text, p_address text
) returns table (role text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    open boolean;
    member_role text;
    read_only boolean;
begin
    select s.revoked_at is null and s.expires_at > now(), p.role, p.read_only into open, member_role, read_only
    from auth.sessions s
    left join tenant.places(p_user, s.organisation_workspace) p on p.workspace_id = p_workspace
    where s.session_id = p_session and s.user_id = p_user;
    if open is not true then
        raise exception 'session ended' using errcode = 'KM401';
    end if;
    perform tenant.check_place(member_role, read_only, p_roles);
    perform set_config('app.workspace_id', p_workspace::text, true),
            set_config('app.role', member_role, true),
            set_config('app.user_id', p_user::text, true),
            set_config('app.session_id', p_session::text, true),
            set_config('app.key_id', '', true),
            set_config('app.request_id', p_request, true),
            set_config('app.address', p_address, true),
            set_config('statement_timeout', '10s', true);
    return query select member_role;
end $$;
