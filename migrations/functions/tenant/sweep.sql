-- Deletes what has aged, and answers how much of each. Events outlive the 14 days a queue keeps them; refresh tokens go with
-- their sessions. Entries of the audit log are kept for so many years, and for one at least; queries with their outcomes for so
-- many days.
create or replace function tenant.sweep(p_audit_years int, p_query_days int)
returns table (registrations bigint, idempotency_keys bigint, event_claims bigint, outbox bigint, uploads bigint, syncs bigint,
               audit bigint, queries bigint)
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
    delete from imports.uploads u where u.created_at < now() - interval '30 days';
    get diagnostics uploads = row_count;
    -- The newest of an account says how fresh it is, however old it is.
    delete from brokers.syncs s
    where s.day < current_date - 400
      and exists (select from brokers.syncs n
                  where n.workspace_id = s.workspace_id and n.account_id = s.account_id and n.day > s.day);
    get diagnostics syncs = row_count;
    delete from access.audit a where a.at < now() - make_interval(years => greatest(p_audit_years, 1));
    get diagnostics audit = row_count;
    delete from query.queries q where q.asked_at < now() - make_interval(days => greatest(p_query_days, 1));
    get diagnostics queries = row_count;
    -- What was said goes with the cells that it was said of.
    delete from chat.conversations c where c.asked_at < now() - make_interval(days => greatest(p_query_days, 1));
    delete from billing.questions b where b.asked_at < now() - interval '62 days';
    delete from billing.model_prompts b where b.asked_at < now() - interval '62 days';
    delete from access.key_uses u where u.hour < now() - make_interval(years => greatest(p_audit_years, 1));
    return next;
end $$;
