-- Whether somebody may enter a workspace as one of its owners or admins, and is not about to be erased.
create or replace function tenant.manages(p_workspace uuid, p_user uuid) returns boolean
language sql stable as $$
    select exists (
        select from tenant.places(p_user, p_workspace) p join auth.users u on u.user_id = p_user
        where p.workspace_id = p_workspace and p.role in ('owner', 'admin') and not p.read_only and u.erased_at is null)
$$;
