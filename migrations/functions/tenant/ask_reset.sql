-- Stores a request to reset and its event; the same work whether or not the address is known.
create or replace function tenant.ask_reset(
    p_reset uuid, p_email text, p_expires_at timestamptz,
    p_event uuid, p_event_name text, p_event_body jsonb, p_trace text
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into auth.resets (reset_id, email, expires_at) values (p_reset, p_email, p_expires_at);
    insert into shared.outbox (event_id, workspace_id, event, body, trace)
    values (p_event, null, p_event_name, p_event_body, p_trace);
end $$;
