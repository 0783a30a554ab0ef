-- The sweep before, with what has come since. Refresh tokens go with their sessions.
create or replace function tenant.sweep()
returns table (registrations bigint, idempotency_keys bigint, event_claims bigint, outbox bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from auth.registrations r where r.expires_at < now() - interval '1 day';
    get diagnostics registrations = row_count;
    delete from auth.resets r where r.expires_at < now() - interval '1 day';
    delete from auth.sessions s where least(s.expires_at, s.revoked_at) < now() - interval '30 days';
    delete from workspaces.invitations i where i.expires_at < now() - interval '30 days';
    delete from auth.exports e where e.requested_at < now() - interval '8 days';
    delete from shared.idempotency_keys k where k.created_at < now() - interval '2 days';
    get diagnostics idempotency_keys = row_count;
    delete from shared.event_claims c where c.claimed_at < now() - interval '30 days';
    get diagnostics event_claims = row_count;
    delete from shared.outbox o where o.sent_at is not null and o.created_at < now() - interval '30 days';
    get diagnostics outbox = row_count;
    return next;
end $$;
