-- At six in the morning tokens are no tokens any more; they are not kept.
create or replace function tenant.expire_connections(p_now timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    expired bigint;
begin
    update brokers.connections c
    set state = 'expired', reason = 'daily_expiry', token_sealed = null, sealing_key = null, changed_at = p_now
    where c.state = 'connected' and c.expires_at <= p_now;
    get diagnostics expired = row_count;
    return expired;
end $$;
