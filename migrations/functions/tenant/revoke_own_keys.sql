-- Revokes every API key of a person, in every workspace, and answers how many there were.
create or replace function tenant.revoke_own_keys(p_user uuid) returns bigint
language plpgsql as $$
declare
    revoked bigint;
begin
    update access.api_keys k set revoked_at = now()
    where k.user_id = p_user and k.revoked_at is null and (k.expires_at is null or k.expires_at > now());
    get diagnostics revoked = row_count;
    return revoked;
end $$;
