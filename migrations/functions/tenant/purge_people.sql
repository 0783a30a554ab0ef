-- Deletes people whose time has come with the workspaces that were theirs alone; answers whom. What is left is
-- an id, and audit entries whose sealed fields nobody can open any more.
create or replace function tenant.purge_people(p_now timestamptz, p_most int) returns table (person uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    gone auth.users;
    workspace uuid;
begin
    for gone in
        select u.* from auth.users u
        where u.purge_after <= p_now and u.purged_at is null
        order by u.purge_after limit p_most for update skip locked
    loop
        -- Only where nobody else is: what is shared belongs to those who stay.
        for workspace in
            select m.workspace_id from workspaces.members m
            where m.user_id = gone.user_id
              and not exists (select from workspaces.members o
                              where o.workspace_id = m.workspace_id and o.user_id <> gone.user_id)
        loop
            perform tenant.purge_workspace(workspace);
        end loop;
        delete from workspaces.members t where t.user_id = gone.user_id;
        delete from access.api_keys t where t.user_id = gone.user_id;
        delete from shared.idempotency_keys t where t.user_id = gone.user_id;
        delete from query.queries t where t.user_id = gone.user_id;
        delete from chat.conversations t where t.user_id = gone.user_id;
        delete from billing.questions t where t.user_id = gone.user_id;
        delete from billing.model_prompts t where t.user_id = gone.user_id;
        delete from billing.entitlements t where t.user_id = gone.user_id;
        delete from auth.shares t where t.user_id = gone.user_id;
        delete from auth.person_keys t where t.user_id = gone.user_id;
        delete from auth.sessions t where t.user_id = gone.user_id;
        delete from auth.exports t where t.user_id = gone.user_id;
        -- What was mailed to their address has expired since, and was swept.
        delete from workspaces.invitations t where t.invited_by = gone.user_id;
        update auth.users u set email = '', name = null, purged_at = p_now where u.user_id = gone.user_id;
        update auth.erasures t set purged_at = p_now where t.user_id = gone.user_id;
        person := gone.user_id;
        return next;
    end loop;
end $$;
