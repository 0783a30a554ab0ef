-- Makes an admin the owner where no owner is believed any more; those who were become admins.
create or replace function tenant.replace_lost_owner(p_workspace uuid, p_user uuid, p_request text, p_address text) returns void
language plpgsql as $$
declare
    heir uuid;
    lost uuid[];
begin
    if exists (select from workspaces.members m
               where m.workspace_id = p_workspace and m.role = 'owner' and tenant.is_believed(m.confirmed_at)) then
        return;
    end if;
    select m.user_id into heir from workspaces.members m
    where m.workspace_id = p_workspace and m.role = 'admin' and tenant.is_believed(m.confirmed_at)
    order by m.confirmed_at is null, m.joined_at, m.user_id limit 1;
    if heir is null then
        return;
    end if;
    with demoted as (
        update workspaces.members m set role = 'admin'
        where m.workspace_id = p_workspace and m.role = 'owner' returning m.user_id
    )
    select array_agg(d.user_id) into lost from demoted d;
    update workspaces.members m set role = 'owner' where m.workspace_id = p_workspace and m.user_id = heir;
    perform tenant.write_audit(
        p_workspace, p_user, null, 'workspace.owner_replaced', heir::text, jsonb_build_object('before', lost),
        p_request, p_address);
end $$;
