-- Adds an entry for whoever entered, in the transaction of what they did.
create or replace function tenant.audit(p_action text, p_subject text, p_detail jsonb) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select tenant.write_audit(
        tenant.workspace(),
        tenant.person(),
        nullif(current_setting('app.key_id', true), ''),
        p_action, p_subject, p_detail,
        nullif(current_setting('app.request_id', true), ''),
        nullif(current_setting('app.address', true), ''))
$$;
