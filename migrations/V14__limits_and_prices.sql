-- Prices of a day are found without reading the year before it, by a plan that is kept, and requests by a key are counted
-- where the key is looked up.
set local role km_owner;

-- An index gives what it has of a security on a page before the newest of it is taken: a book of fifty holdings looked at
-- ten thousand prices. A price is nearly always of the week before the day; what is older is asked for where there is none.
create or replace function transactions.price_on(p_isin text, p_day date)
returns table (close numeric, previous numeric, on_date date, source text)
language sql stable as $$
    select p.close,
           coalesce(p.previous_close, (
               select b.close from transactions.prices b
               where b.isin = p.isin and b.on_date < p.on_date and b.source = p.source
               order by b.on_date desc limit 1)),
           p.on_date, p.source
    from (
        (select * from transactions.prices w
         where w.isin = p_isin and w.on_date <= p_day and w.on_date > p_day - 7
         order by w.on_date desc, w.source desc
         limit 1)
        union all
        (select * from transactions.prices o
         where o.isin = p_isin and o.on_date <= p_day - 7
           and not exists (
               select from transactions.prices w
               where w.isin = p_isin and w.on_date <= p_day and w.on_date > p_day - 7)
         order by o.on_date desc, o.source desc
         limit 1)
        limit 1
    ) p
$$;

-- One plan for every day and workspace. Left to choose, a session plans its first five questions anew, and sometimes all of
-- them: what is estimated of a day that is known differs little from what is of any, and planning takes as long as asking. (Replacing the function says it again.)
alter function portfolio.securities(date) set plan_cache_mode = force_generic_plan;

alter table access.api_keys
    -- How many requests are left until then; nothing is said of later ones.
    add column requests_left integer,
    add column counted_until timestamptz;

set local role km_system;

-- Enters by an API key: as who made it, within their present role, for one of its scopes. Raises KM402 (no such
-- key, revoked or expired), KM429 (no request is left), KM404 and KM403 as entering by a session does, KM405 (scope).
-- Each use is audited.
create or replace function tenant.enter_key(
    p_key text, p_secret_sha256 bytea, p_scope text, p_roles text[], p_request text, p_address text
) returns table (workspace_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    k access.api_keys;
    member_role text;
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
    select m.role into member_role from workspaces.members m
    where m.workspace_id = k.workspace_id and m.user_id = k.user_id
      -- A place in another issuer's organisation is believed for a week after the issuer last spoke of it.
      and (m.confirmed_at is null or m.confirmed_at > now() - interval '7 days');
    if member_role is null then
        raise exception 'not a member' using errcode = 'KM404';
    end if;
    if not member_role = any (p_roles) then
        raise exception 'role not allowed' using errcode = 'KM403';
    end if;
    if not p_scope = any (k.scopes) then
        raise exception 'scope not granted' using errcode = 'KM405';
    end if;
    perform set_config('app.workspace_id', k.workspace_id::text, true),
            set_config('app.role', member_role, true),
            set_config('app.user_id', k.user_id::text, true),
            set_config('app.session_id', '', true),
            set_config('app.key_id', k.key_id, true),
            set_config('app.request_id', p_request, true),
            set_config('app.address', p_address, true),
            set_config('statement_timeout', '10s', true);
    perform tenant.audit('key.used', k.key_id, jsonb_build_object('scope', p_scope));
    return query select k.workspace_id;
end $$;

-- Counts a request by the key that entered, of so many in so many seconds, or raises KM429. The last statement of its
-- transaction: requests by one key wait for each other from here on, and not for what each of them asks.
create function tenant.count_key(p_most integer, p_window_s bigint)
returns table (requests_left integer, reset_s integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    ends timestamptz := to_timestamp((floor(extract(epoch from clock_timestamp()) / p_window_s) + 1) * p_window_s);
begin
    return query
    update access.api_keys k
    set requests_left = case when k.counted_until >= ends then k.requests_left else p_most end - 1,
        -- One that waited may be of a window that is over.
        counted_until = greatest(k.counted_until, ends),
        last_used_at = now()
    where k.workspace_id = current_setting('app.workspace_id')::uuid and k.key_id = current_setting('app.key_id')
      and (k.counted_until is null or k.counted_until < ends or k.requests_left > 0)
    returning k.requests_left, greatest(ceil(extract(epoch from k.counted_until - clock_timestamp())), 1)::integer;
    if not found then
        raise exception 'no request is left' using errcode = 'KM429';
    end if;
end $$;

revoke all on function tenant.count_key from public;
grant execute on function tenant.count_key to svc_brokers, svc_portfolio, svc_transactions;
set local role km_owner;
