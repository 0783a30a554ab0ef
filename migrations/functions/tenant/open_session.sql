-- Opens a session with its first refresh token, if the password that was checked is still the person's: a reset or an
-- erasure that came between is waited for and counts.
create or replace function tenant.open_session(
    p_session uuid, p_user uuid, p_password_hash text, p_workspace uuid, p_expires_at timestamptz, p_refresh_sha256 bytea,
    p_request text, p_address text, p_address_sha256 bytea
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from auth.credentials c join auth.users u on u.user_id = c.user_id
    where c.user_id = p_user and c.password_hash = p_password_hash and u.erased_at is null
    for share of c, u;
    if not found then
        return false;
    end if;
    insert into auth.sessions (session_id, user_id, workspace_id, expires_at, address_sha256)
    values (p_session, p_user, p_workspace, p_expires_at, p_address_sha256);
    insert into auth.refresh_tokens (token_sha256, session_id) values (p_refresh_sha256, p_session);
    perform tenant.write_audit(p_workspace, p_user, null, 'session.opened', p_session::text, null, p_request, p_address);
    return true;
end $$;
