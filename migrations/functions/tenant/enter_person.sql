-- Enters as a person, in no workspace. The request and its address are what audit entries tell.
create or replace function tenant.enter_person(p_session uuid, p_user uuid, p_request text, p_address text)
returns table (role text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform tenant.check_session(p_session, p_user);
    perform set_config('app.workspace_id', '', true),
            set_config('app.user_id', p_user::text, true),
            set_config('app.session_id', p_session::text, true),
            set_config('app.key_id', '', true),
            set_config('app.request_id', p_request, true),
            set_config('app.address', p_address, true),
            set_config('statement_timeout', '10s', true);
    return query select null::text;
end $$;
