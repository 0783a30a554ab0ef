-- Marks events as sent, so that the relay leaves them.
create or replace function tenant.mark_sent(p_events uuid[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update shared.outbox set sent_at = now() where event_id = any (p_events) and sent_at is null
$$;
