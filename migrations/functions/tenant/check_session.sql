-- Raises KM401 unless the session is the person's and goes on.
create or replace function tenant.check_session(p_session uuid, p_user uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from auth.sessions s
    where s.session_id = p_session and s.user_id = p_user and s.revoked_at is null and s.expires_at > now();
    if not found then
        raise exception 'session ended' using errcode = 'KM401';
    end if;
end $$;
