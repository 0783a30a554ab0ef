-- The invitations somebody made are void when they may invite no more.
create or replace function tenant.withdraw_invitations(p_workspace uuid, p_user uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    delete from workspaces.invitations i
    where i.workspace_id = p_workspace and i.invited_by = p_user and i.accepted_at is null
$$;
