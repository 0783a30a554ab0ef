-- Remembers that the mail has gone out, so that a message delivered again sends no second one.
create or replace function tenant.invitation_mailed(p_invitation uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update workspaces.invitations set mailed_at = now() where invitation_id = p_invitation
$$;
