-- Uses a refresh token up and puts its successor in its place. Outcomes:
--   rotated         the successor counts from now on
--   retried         the token was used within 30 seconds and its successor not yet: `sealed` is that successor
--   reused          the token was used before, so somebody else has it. The session is ended, and nothing is raised: an
--                   error would undo that.
--   ended           the session has ended
--   unknown         there is no such token
--   not_a_member    the person may not enter that workspace; the token can be used again
-- Two at once wait for each other on the token's row, and the second is a retry.
create or replace function tenant.rotate_refresh(
    p_token_sha256 bytea, p_successor_sha256 bytea, p_sealed bytea, p_workspace uuid, p_request text, p_address text
) returns table (outcome text, user_id uuid, session_id uuid, workspace_id uuid, sealed bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    token auth.refresh_tokens;
    session auth.sessions;
    workspace uuid;
    successor_unused boolean;
begin
    select * into token from auth.refresh_tokens t where t.token_sha256 = p_token_sha256 for update;
    select * into session from auth.sessions s where s.session_id = token.session_id for update;
    if session.session_id is null or session.revoked_at is not null or session.expires_at <= now() then
        return query select case when session.session_id is null then 'unknown' else 'ended' end,
                            null::uuid, null::uuid, null::uuid, null::bytea;
        return;
    end if;
    select t.used_at is null into successor_unused
    from auth.refresh_tokens t where t.token_sha256 = token.successor_sha256;
    if token.used_at is not null and not (successor_unused and token.used_at > now() - interval '30 seconds') then
        update auth.sessions s set revoked_at = now(), ended_because = 'refresh_reused'
        where s.session_id = session.session_id;
        perform tenant.write_audit(
            session.workspace_id, session.user_id, null, 'session.refresh_reused', session.session_id::text, null,
            p_request, p_address);
        return query select 'reused', session.user_id, session.session_id, session.workspace_id, null::bytea;
        return;
    end if;
    select p.workspace_id into workspace
    from tenant.places(session.user_id, session.organisation_workspace) p
    join workspaces.workspaces w on w.workspace_id = p.workspace_id
    where p_workspace is null or p.workspace_id = p_workspace
    order by p.workspace_id is not distinct from session.workspace_id desc, w.kind = 'personal' desc, p.joined_at limit 1;
    if workspace is null then
        return query select 'not_a_member', null::uuid, null::uuid, null::uuid, null::bytea;
        return;
    end if;
    update auth.sessions s set workspace_id = workspace where s.session_id = session.session_id;
    if token.used_at is not null then
        return query select 'retried', session.user_id, session.session_id, workspace, token.successor_sealed;
        return;
    end if;
    update auth.refresh_tokens t
    set used_at = now(), successor_sha256 = p_successor_sha256, successor_sealed = p_sealed
    where t.token_sha256 = p_token_sha256;
    insert into auth.refresh_tokens (token_sha256, session_id) values (p_successor_sha256, session.session_id);
    return query select 'rotated', session.user_id, session.session_id, workspace, null::bytea;
end $$;
