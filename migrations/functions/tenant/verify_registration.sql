-- Checks a mailed code and, when it is right, makes the person, their personal workspace and a session.
-- Answers 'ok', 'wrong_code', 'too_many_attempts', 'already_registered' or 'expired'.
create or replace function tenant.verify_registration(
    p_registration uuid, p_code_sha256 bytea, p_user uuid, p_workspace uuid, p_workspace_name text,
    p_session uuid, p_session_expires_at timestamptz, p_refresh_sha256 bytea, p_request text, p_address text
) returns table (outcome text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    r auth.registrations;
begin
    select * into r from auth.registrations where registration_id = p_registration for update;
    if r.registration_id is null or r.used_at is not null or r.expires_at <= now() then
        return query select 'expired'; return;
    end if;
    if r.attempts >= 5 then
        return query select 'too_many_attempts'; return;
    end if;
    if r.code_sha256 is distinct from p_code_sha256 then
        update auth.registrations set attempts = attempts + 1 where registration_id = p_registration;
        return query select 'wrong_code'; return;
    end if;
    insert into auth.users (user_id, email, name) values (p_user, r.email, r.name);
    insert into auth.credentials (email, user_id, password_hash) values (r.email, p_user, r.password_hash)
    on conflict on constraint credentials_pk do nothing;
    if not found then
        delete from auth.users where user_id = p_user;
        return query select 'already_registered'; return;
    end if;
    update auth.registrations set used_at = now() where registration_id = p_registration;
    insert into workspaces.workspaces (workspace_id, name, kind) values (p_workspace, p_workspace_name, 'personal');
    insert into workspaces.members (workspace_id, user_id, role) values (p_workspace, p_user, 'owner');
    insert into auth.sessions (session_id, user_id, workspace_id, expires_at)
    values (p_session, p_user, p_workspace, p_session_expires_at);
    insert into auth.refresh_tokens (token_sha256, session_id) values (p_refresh_sha256, p_session);
    perform tenant.write_audit(
        p_workspace, p_user, null, 'person.registered', p_user::text, null, p_request, p_address);
    return query select 'ok';
end $$;
