-- Gives a reset its code and answers where to mail it. No row: unknown address, mailed, used or expired.
create or replace function tenant.issue_reset_code(p_reset uuid, p_code_sha256 bytea) returns table (email text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.resets r set code_sha256 = p_code_sha256
    from auth.credentials c join auth.users u on u.user_id = c.user_id
    where r.reset_id = p_reset and c.email = r.email and u.erased_at is null
      and r.used_at is null and r.mailed_at is null and r.expires_at > now()
    returning r.email
$$;
