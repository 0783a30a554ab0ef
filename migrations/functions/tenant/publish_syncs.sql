-- Publishes RefreshDue for the next connections: as before, but what was read before the session ended is read again.
create or replace function tenant.publish_syncs(p_day date, p_run text, p_after text, p_most int, p_trace text)
returns table (in_turn text, event_id uuid, workspace_id uuid, event text, body jsonb, trace text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with closed as (
        -- A session may end after the usual run.
        select (p_day + greatest(time '18:00', (
            select max(x.closes) from market.special_sessions x where x.day = p_day))) at time zone 'Asia/Kolkata' as at
    ), page as (
        select c.workspace_id, c.account_id, reverse(c.connection_id::text) as in_turn,
               encode(substr(sha256(convert_to(p_day || '/' || p_run || '/' || c.account_id, 'UTF8')), 1, 16), 'hex')::uuid
                   as event_id
        from brokers.connections c
        -- Of who may enter no more nothing is read.
        join tenant.places(c.user_id, c.workspace_id) m on m.workspace_id = c.workspace_id
        where c.state = 'connected' and c.expires_at > now() and reverse(c.connection_id::text) > p_after
          and not exists (
              select from brokers.syncs s
              where s.workspace_id = c.workspace_id and s.account_id = c.account_id and s.day = p_day
                and s.good_at >= (select at from closed))
        order by reverse(c.connection_id::text) limit p_most
    ), published as (
        insert into shared.outbox (event_id, workspace_id, event, body, trace)
        select p.event_id, p.workspace_id, 'account.refresh_due',
               jsonb_build_object('accountId', p.account_id,
                                  'unlessReadSince', (select at from closed)), p_trace
        from page p
        on conflict on constraint outbox_pk do nothing
        returning outbox.event_id, outbox.event, outbox.body
    )
    select p.in_turn, p.event_id, p.workspace_id, u.event, u.body, p_trace
    from page p left join published u on u.event_id = p.event_id
    order by p.in_turn
$$;
