-- Checks a mailed code and, when it is right, sets the password and ends every session and API key.
-- Answers 'ok', 'wrong_code', 'too_many_attempts' or 'expired'.
create or replace function tenant.reset_password(
    p_reset uuid, p_code_sha256 bytea, p_password_hash text, p_request text, p_address text
) returns table (outcome text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    r auth.resets;
    person uuid;
begin
    select * into r from auth.resets where reset_id = p_reset for update;
    if r.reset_id is null or r.used_at is not null or r.expires_at <= now() then
        return query select 'expired'; return;
    end if;
    if r.attempts >= 5 then
        return query select 'too_many_attempts'; return;
    end if;
    if r.code_sha256 is distinct from p_code_sha256 then
        update auth.resets set attempts = attempts + 1 where reset_id = p_reset;
        return query select 'wrong_code'; return;
    end if;
    update auth.credentials c set password_hash = p_password_hash
    from auth.users u
    where c.email = r.email and u.user_id = c.user_id and u.erased_at is null
    returning c.user_id into person;
    if person is null then
        return query select 'expired'; return;
    end if;
    -- Every other code for this address is void with it.
    update auth.resets set used_at = now() where email = r.email and used_at is null;
    update auth.sessions s set revoked_at = now(), ended_because = 'password_reset'
    where s.user_id = person and s.revoked_at is null;
    perform tenant.write_audit(
        null, person, null, 'password.reset', person::text, jsonb_build_object('keys', tenant.revoke_own_keys(person)),
        p_request, p_address);
    return query select 'ok';
end $$;
