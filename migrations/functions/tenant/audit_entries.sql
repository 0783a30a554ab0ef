-- The log of the workspace that was entered, newest first, from a place on. Who was erased has no address any more. A key
-- has an entry for each hour it was used in, with how often.
create or replace function tenant.audit_entries(p_before_at timestamptz, p_before uuid, p_most bigint)
returns table (entry_id uuid, at timestamptz, user_id uuid, key_id text, action text, subject text, detail jsonb,
               request_id text, address text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select a.entry_id, a.at, a.user_id, a.key_id, a.action, a.subject,
           case when u.uses is null then a.detail else a.detail || jsonb_build_object('hour', u.hour, 'uses', u.uses) end,
           a.request_id, rtrim(convert_from(tenant.sealed(k.key, a.entry_id, a.address_sealed), 'UTF8'))
    from access.audit a
    left join auth.person_keys k on k.user_id = a.user_id
    left join access.key_uses u on u.entry_id = a.entry_id
    where a.workspace_id = tenant.workspace()
      and (p_before is null or (a.at, a.entry_id) < (p_before_at, p_before))
    order by a.at desc, a.entry_id desc limit p_most
$$;
