-- Gives an invitation its token and answers where to mail it. No row: mailed, taken, expired or void.
create or replace function tenant.issue_invitation(p_invitation uuid, p_token_sha256 bytea)
returns table (email text, workspace text, inviter text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update workspaces.invitations i set token_sha256 = p_token_sha256
    from workspaces.workspaces w, auth.users u
    where i.invitation_id = p_invitation and w.workspace_id = i.workspace_id and u.user_id = i.invited_by
      and tenant.manages(i.workspace_id, i.invited_by)
      and i.mailed_at is null and i.accepted_at is null and i.expires_at > now()
    returning i.email, w.name, coalesce(u.name, u.email)
$$;
