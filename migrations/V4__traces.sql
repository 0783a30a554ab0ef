-- An event carries the trace it happened in, so that what follows from it is found beside it.

set local role km_owner;
alter table shared.outbox add column trace text;
comment on column shared.outbox.trace is 'The X-Ray header of what published it: Root=…;Parent=…;Sampled=….';

set local role km_system;

-- The form without a trace stays for the release before this one.
create function tenant.register(
    p_registration uuid, p_email text, p_name text, p_password_hash text, p_expires_at timestamptz,
    p_event uuid, p_event_name text, p_event_body jsonb, p_trace text
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into auth.registrations (registration_id, email, name, password_hash, expires_at)
    values (p_registration, p_email, p_name, p_password_hash, p_expires_at);
    insert into shared.outbox (event_id, workspace_id, event, body, trace)
    values (p_event, null, p_event_name, p_event_body, p_trace);
end $$;

-- The form without a trace stays for the release before this one.
create function tenant.publish_refresh(p_day date, p_after uuid, p_most int, p_trace text)
returns table (account_id uuid, event_id uuid, workspace_id uuid, event text, body jsonb, trace text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with page as (
        select a.workspace_id, a.account_id,
               encode(substr(sha256(convert_to(p_day || '/' || a.account_id, 'UTF8')), 1, 16), 'hex')::uuid as event_id
        from brokers.accounts a
        where a.account_id > p_after
        order by a.account_id limit p_most
    ), published as (
        insert into shared.outbox (event_id, workspace_id, event, body, trace)
        select p.event_id, p.workspace_id, 'account.refresh_due', jsonb_build_object('accountId', p.account_id), p_trace
        from page p
        on conflict on constraint outbox_pk do nothing
        returning outbox.event_id, outbox.event, outbox.body
    )
    select p.account_id, p.event_id, p.workspace_id, u.event, u.body, p_trace
    from page p left join published u on u.event_id = p.event_id
    order by p.account_id
$$;

-- One column more; who reads the others does not mind.
drop function tenant.unsent(interval, uuid, int);
create function tenant.unsent(p_older_than interval, p_after uuid, p_most int)
returns table (event_id uuid, workspace_id uuid, event text, body jsonb, trace text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select o.event_id, o.workspace_id, o.event, o.body, o.trace from shared.outbox o
    where o.sent_at is null and o.created_at < now() - p_older_than and o.event_id > p_after
    order by o.event_id limit p_most
$$;

revoke all on all functions in schema tenant from public;
grant execute on function
    tenant.register(uuid, text, text, text, timestamptz, uuid, text, jsonb, text) to svc_auth;
grant execute on function tenant.publish_refresh(date, uuid, int, text) to svc_brokers;
grant execute on function tenant.unsent to svc_platform;
set local role km_owner;
