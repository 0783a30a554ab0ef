-- Opens a session for a subject of another issuer. The first time it makes the person and their personal workspace:
-- of many at once one wins, and the others find what it made; an erasure that came between is waited for. With an
-- organisation the session is for its workspace, made the first time, too, and lives an hour: whoever leaves the
-- organisation gets no other. The issuer decides who is an admin; who owns the workspace, `tenant.join_organisation`.
create or replace function tenant.sign_in_external(
    p_issuer text, p_subject text, p_email text, p_name text, p_user uuid, p_workspace uuid,
    p_organisation text, p_organisation_workspace uuid, p_role text,
    p_session uuid, p_session_expires_at timestamptz, p_refresh_sha256 bytea, p_request text, p_address text
) returns table (user_id uuid, workspace_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    person uuid;
    workspace uuid;
begin
    select i.user_id into person from auth.identities i join auth.users u on u.user_id = i.user_id
    where i.issuer = p_issuer and i.subject = p_subject and u.erased_at is null for share of u;
    if person is null then
        insert into auth.users (user_id, email, name) values (p_user, coalesce(p_email, ''), p_name);
        insert into auth.identities (issuer, subject, user_id) values (p_issuer, p_subject, p_user)
        on conflict on constraint identities_pk do nothing;
        if found then
            person := p_user;
            insert into workspaces.workspaces (workspace_id, name, kind) values (p_workspace, 'Personal', 'personal');
            insert into workspaces.members (workspace_id, user_id, role) values (p_workspace, person, 'owner');
        else
            delete from auth.users u where u.user_id = p_user;
            select i.user_id into strict person from auth.identities i join auth.users u on u.user_id = i.user_id
            where i.issuer = p_issuer and i.subject = p_subject and u.erased_at is null for share of u;
        end if;
    end if;
    if p_organisation is null then
        workspace := tenant.first_place(person);
    else
        workspace := tenant.join_organisation(
            p_issuer, p_organisation, p_organisation_workspace, person, p_role, p_request, p_address);
    end if;
    insert into auth.sessions (session_id, user_id, workspace_id, organisation_workspace, expires_at)
    values (p_session, person, workspace, case when p_organisation is not null then workspace end,
            case when p_organisation is null then p_session_expires_at
                 else least(p_session_expires_at, now() + interval '1 hour') end);
    insert into auth.refresh_tokens (token_sha256, session_id) values (p_refresh_sha256, p_session);
    perform tenant.write_audit(
        workspace, person, null, 'session.opened', p_session::text, jsonb_build_object('issuer', p_issuer), p_request, p_address);
    return query select person, workspace;
end $$;
