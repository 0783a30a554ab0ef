-- Events that were committed and not sent, a page in the order of their ids; those of the last seconds are
-- being sent.
create or replace function tenant.unsent(p_older_than interval, p_after uuid, p_most int)
returns table (event_id uuid, workspace_id uuid, event text, body jsonb, trace text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select o.event_id, o.workspace_id, o.event, o.body, o.trace from shared.outbox o
    where o.sent_at is null and o.created_at < now() - p_older_than and o.event_id > p_after
    order by o.event_id limit p_most
$$;
