-- The credential of one e-mail address, with the workspace its person's session begins in, and whether a session of
-- theirs was opened from the same place before.
create or replace function tenant.credential(p_email text, p_address_sha256 bytea)
returns table (user_id uuid, password_hash text, workspace_id uuid, familiar boolean)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select c.user_id, c.password_hash, tenant.first_place(c.user_id),
           exists (select from auth.sessions s where s.user_id = c.user_id and s.address_sha256 = p_address_sha256)
    from auth.credentials c join auth.users u on u.user_id = c.user_id
    where c.email = p_email and u.erased_at is null
$$;
