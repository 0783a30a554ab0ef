-- The keys of who is a member no more are over: coming back does not bring them back.
create or replace function tenant.revoke_keys(p_workspace uuid, p_user uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update access.api_keys k set revoked_at = now()
    where k.workspace_id = p_workspace and k.user_id = p_user and k.revoked_at is null
$$;
