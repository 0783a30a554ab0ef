-- Erases whoever entered, softly: nobody signs in as them, and at `p_purge_after` everything is deleted.
-- Outcomes: 'ok'; 'last_owner' with the workspaces whose other members need an owner first; 'sign_in_again': the session
-- was not opened within the last ten minutes, so a token that was left somewhere erases nobody.
create or replace function tenant.erase_person(p_purge_after timestamptz) returns table (outcome text, workspace_ids uuid[])
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    person uuid := current_setting('app.user_id')::uuid;
    blocking uuid[];
begin
    perform from auth.sessions s
    where s.session_id = current_setting('app.session_id')::uuid and s.created_at > now() - interval '10 minutes';
    if not found then
        return query select 'sign_in_again', null::uuid[]; return;
    end if;
    -- The person before their workspaces, as a sign-in does.
    perform from auth.users u where u.user_id = person for no key update;
    perform from workspaces.workspaces w
    where w.workspace_id in (select m.workspace_id from workspaces.members m where m.user_id = person)
    order by w.workspace_id for update;
    select array_agg(o.workspace_id) into blocking
    from workspaces.members o
    join workspaces.workspaces w on w.workspace_id = o.workspace_id
    where o.user_id = person and o.role = 'owner' and w.kind <> 'personal'
      and not exists (select from workspaces.members m
                      where m.workspace_id = o.workspace_id and m.role = 'owner' and m.user_id <> person)
      and exists (select from workspaces.members m where m.workspace_id = o.workspace_id and m.user_id <> person);
    if blocking is not null then
        return query select 'last_owner', blocking; return;
    end if;
    perform tenant.audit('person.erased', person::text, null);
    perform tenant.end_person(person, now(), p_purge_after);
    return query select 'ok', null::uuid[];
end $$;
