-- Counts a request that works a whole book out against the share of whoever entered, of so many in so many seconds, or
-- raises KM430. One of the transaction's last statements, as `count_key`.
create or replace function tenant.count_share(p_most integer, p_window_s bigint)
returns table (requests_left integer, reset_s integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    ends timestamptz := to_timestamp((floor(extract(epoch from clock_timestamp()) / p_window_s) + 1) * p_window_s);
begin
    return query
    insert into auth.shares as s (user_id, requests_left, counted_until)
    values (current_setting('app.user_id')::uuid, p_most - 1, ends)
    on conflict on constraint shares_pk do update
    set requests_left = case when s.counted_until >= ends then s.requests_left else p_most end - 1,
        counted_until = greatest(s.counted_until, ends)
    where s.counted_until < ends or s.requests_left > 0
    returning s.requests_left, greatest(ceil(extract(epoch from s.counted_until - clock_timestamp())), 1)::integer;
    if not found then
        raise exception 'no computing is left' using errcode = 'KM430';
    end if;
end $$;
