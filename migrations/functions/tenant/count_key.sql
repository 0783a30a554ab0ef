-- Counts a request by the key that entered, of so many in so many seconds, or raises KM429; and its use in this hour,
-- which the audit log has once. The last statement of its transaction: requests by one key wait for each other from here
-- on, and not for what each of them asks.
create or replace function tenant.count_key(p_most integer, p_window_s bigint)
returns table (requests_left integer, reset_s integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    workspace uuid := current_setting('app.workspace_id')::uuid;
    key text := current_setting('app.key_id');
    scope text := current_setting('app.key_scope');
    ends timestamptz := to_timestamp((floor(extract(epoch from clock_timestamp()) / p_window_s) + 1) * p_window_s);
    entry uuid := gen_random_uuid();
    entry_of_hour uuid;
begin
    -- Before the key: this locks the workspace, and so does whoever revokes keys, in this order.
    insert into access.key_uses as u (workspace_id, key_id, scope, hour, uses, entry_id)
    values (workspace, key, scope, date_trunc('hour', clock_timestamp()), 1, entry)
    on conflict on constraint key_uses_pk do update set uses = u.uses + 1
    returning u.entry_id into entry_of_hour;
    return query
    update access.api_keys k
    set requests_left = case when k.counted_until >= ends then k.requests_left else p_most end - 1,
        -- One that waited may be of a window that is over.
        counted_until = greatest(k.counted_until, ends),
        last_used_at = now()
    where k.workspace_id = workspace and k.key_id = key
      and (k.counted_until is null or k.counted_until < ends or k.requests_left > 0)
    returning k.requests_left, greatest(ceil(extract(epoch from k.counted_until - clock_timestamp())), 1)::integer;
    if not found then
        raise exception 'no request is left' using errcode = 'KM429';
    end if;
    if entry_of_hour = entry then
        perform tenant.write_audit(
            workspace, tenant.person(), key, 'key.used', key,
            jsonb_build_object('scope', scope), nullif(current_setting('app.request_id', true), ''),
            nullif(current_setting('app.address', true), ''), entry);
    end if;
end $$;
