-- Enters by an API key: as who made it, within their present role, for one of its scopes. Raises KM402 (no such
-- key, revoked or expired), KM429 (no request is left), KM404, KM403 and KM406 as entering by a session does, KM405
-- (scope). Counting the request, the transaction's last statement, writes its use down.
create or replace function tenant.enter_key(
    p_key text, p_secret_sha256 bytea, p_scope text, p_roles text[], p_request text, p_address text
) returns table (workspace_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    k access.api_keys;
    member_role text;
    read_only boolean;
begin
    select a.* into k from access.api_keys a
    where a.key_id = p_key and a.secret_sha256 = p_secret_sha256
      and a.revoked_at is null and (a.expires_at is null or a.expires_at > now());
    if k.key_id is null then
        raise exception 'no such key' using errcode = 'KM402';
    end if;
    if k.requests_left <= 0 and k.counted_until > now() then
        raise exception 'no request is left' using errcode = 'KM429';
    end if;
    select p.role, p.read_only into member_role, read_only
    from tenant.places(k.user_id, k.workspace_id) p where p.workspace_id = k.workspace_id;
    perform tenant.check_place(member_role, read_only, p_roles);
    if not p_scope = any (k.scopes) then
        raise exception 'scope not granted' using errcode = 'KM405';
    end if;
    perform set_config('app.workspace_id', k.workspace_id::text, true),
            set_config('app.role', member_role, true),
            set_config('app.user_id', k.user_id::text, true),
            set_config('app.session_id', '', true),
            set_config('app.key_id', k.key_id, true),
            set_config('app.key_scope', p_scope, true),
            set_config('app.request_id', p_request, true),
            set_config('app.address', p_address, true),
            set_config('statement_timeout', '10s', true);
    return query select k.workspace_id;
end $$;
