-- What erasing does at once: sessions, keys, connections, invitations and the way to sign in end; places in others'
-- workspaces are given up; others lose their place in the personal workspace, which goes with its person. Done again
-- after a restore, when nobody could be asked to transfer first, the member who is there longest becomes the owner.
create or replace function tenant.end_person(p_user uuid, p_at timestamptz, p_purge_after timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update auth.users u set erased_at = p_at, purge_after = p_purge_after
    where u.user_id = p_user and u.erased_at is null;
    delete from auth.credentials c where c.user_id = p_user;
    delete from auth.identities i where i.user_id = p_user;
    update auth.sessions s set revoked_at = now(), ended_because = 'erased'
    where s.user_id = p_user and s.revoked_at is null;
    update access.api_keys k set revoked_at = now() where k.user_id = p_user and k.revoked_at is null;
    update brokers.connections c
    set state = 'revoked', reason = 'erased', token_sealed = null, sealing_key = null, changed_at = now()
    where c.user_id = p_user and c.state <> 'revoked';
    delete from workspaces.invitations i where i.invited_by = p_user and i.accepted_at is null;
    delete from workspaces.members m using workspaces.members o, workspaces.workspaces w
    where o.user_id = p_user and o.role = 'owner' and w.workspace_id = o.workspace_id and w.kind = 'personal'
      and m.workspace_id = o.workspace_id and m.user_id <> p_user;
    update workspaces.members m set role = 'owner'
    from (
        select distinct on (n.workspace_id) n.workspace_id, n.user_id
        from workspaces.members o join workspaces.members n on n.workspace_id = o.workspace_id and n.user_id <> p_user
        where o.user_id = p_user and o.role = 'owner'
          and not exists (select from workspaces.members x
                          where x.workspace_id = o.workspace_id and x.role = 'owner' and x.user_id <> p_user)
        order by n.workspace_id, n.joined_at, n.user_id
    ) next
    where m.workspace_id = next.workspace_id and m.user_id = next.user_id;
    delete from workspaces.members o
    where o.user_id = p_user
      and exists (select from workspaces.members m where m.workspace_id = o.workspace_id and m.user_id <> p_user);
    insert into auth.erasures (user_id, erased_at) values (p_user, p_at) on conflict on constraint erasures_pk do nothing;
end $$;
