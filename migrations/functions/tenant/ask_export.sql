-- Remembers the asking session's organisation: the export has what that session could enter, and no more.
create or replace function tenant.ask_export(
    p_export uuid, p_event uuid, p_event_name text, p_event_body jsonb, p_trace text
) returns timestamptz
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into auth.exports (export_id, user_id, organisation_workspace)
    select p_export, s.user_id, s.organisation_workspace from auth.sessions s
    where s.session_id = current_setting('app.session_id')::uuid;
    insert into shared.outbox (event_id, workspace_id, event, body, trace)
    values (p_event, null, p_event_name, p_event_body, p_trace);
    perform tenant.audit('person.exported', p_export::text, null);
    return now();
end $$;
