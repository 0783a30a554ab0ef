-- Claims an Idempotency-Key for the entered workspace, or answers what is stored under it.
-- A concurrent second request waits on the primary key until the first has ended.
create or replace function shared.claim_key(p_user uuid, p_route text, p_key text, p_body_sha256 bytea)
returns table (body_sha256 bytea, reply jsonb, claimed boolean)
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
    if p_key is null then
        return;
    end if;
    insert into shared.idempotency_keys (workspace_id, user_id, route, key, body_sha256)
    values (current_setting('app.workspace_id')::uuid, p_user, p_route, p_key, p_body_sha256)
    on conflict on constraint idempotency_keys_pk do nothing;
    if found then
        return query select p_body_sha256, null::jsonb, true;
    else
        return query
            select k.body_sha256, k.reply, false from shared.idempotency_keys k
            where k.user_id = p_user and k.route = p_route and k.key = p_key;
    end if;
end $$;
