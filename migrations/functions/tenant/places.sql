-- The workspaces a person may enter now: the one rule, which every way in asks. A place in another issuer's
-- organisation is entered only by what was made for that organisation (`p_organisation`: the workspace of the session's
-- organisation, of the key, of the export's session, of the file that waits), and only while it is believed.
-- Where nobody is left who leads the organisation's workspace it is `read_only` until somebody does.
create or replace function tenant.places(p_user uuid, p_organisation uuid)
returns table (workspace_id uuid, role text, read_only boolean, joined_at timestamptz)
language sql stable as $$
    select m.workspace_id, m.role,
           exists (select from auth.organisations o where o.workspace_id = m.workspace_id)
           and not exists (select from workspaces.members l
                           where l.workspace_id = m.workspace_id and l.role in ('owner', 'admin')
                             and tenant.is_believed(l.confirmed_at)),
           m.joined_at
    from workspaces.members m
    where m.user_id = p_user
      and (m.confirmed_at is null or m.workspace_id = p_organisation and tenant.is_believed(m.confirmed_at))
$$;
