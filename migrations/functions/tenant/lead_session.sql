-- Leads the session that entered to another workspace; KM404 when its person may not enter it.
create or replace function tenant.lead_session(p_workspace uuid) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    member_role text;
begin
    select o.role into member_role from tenant.own_workspaces() o where o.workspace_id = p_workspace;
    if member_role is null then
        raise exception 'not a member' using errcode = 'KM404';
    end if;
    update auth.sessions s set workspace_id = p_workspace
    where s.session_id = nullif(current_setting('app.session_id', true), '')::uuid;
    return member_role;
end $$;
