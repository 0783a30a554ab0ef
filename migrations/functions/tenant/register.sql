-- The form without a trace stays for the release before this one.
create or replace function tenant.register(
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
