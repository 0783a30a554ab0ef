-- Everything held about whoever asked: of every table with people in it the rows that name them, by id or by e-mail
-- address; of every other table of a workspace its rows, for the workspaces they own and the asking session could enter.
-- What serves to sign in (hashes, sealed values) is left out, but for the addresses in their own audit entries. No row: done already, or erased since.
create or replace function tenant.collect_export(p_export uuid) returns table (document jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    asked auth.exports;
    address text;
    everything jsonb := '{}';
    t record;
    entered record;
    rows_of_one jsonb;
    found_rows jsonb;
begin
    select e.* into asked from auth.exports e join auth.users u on u.user_id = e.user_id
    where e.export_id = p_export and e.ready_at is null and u.erased_at is null;
    if asked.export_id is null then
        return;
    end if;
    -- Only an address that they proved here: another issuer's word for one opens nobody else's rows.
    select c.email into address from auth.credentials c where c.user_id = asked.user_id;
    for t in
        select n.nspname, c.relname,
               max(a.attname::text) filter (where a.attname in ('user_id', 'email')) as who,
               exists (select from pg_policy p where p.polrelid = c.oid and p.polname in ('tenant', 'personal')) as of_workspace
        from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
        where c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
          and n.nspname in (select s.nspname from pg_namespace s where s.nspowner = 'km_owner'::regrole)
          and has_table_privilege(c.oid, 'select')
          and n.nspname || '.' || c.relname not in (
              'access.audit', 'auth.person_keys', 'auth.shares', 'brokers.kite_accounts', 'shared.outbox', 'shared.event_claims', 'shared.idempotency_keys')
        group by c.oid, 1, 2 having bool_or(a.attname in ('user_id', 'email', 'workspace_id'))
        order by 1, 2
    loop
        found_rows := '[]';
        perform set_config('app.workspace_id', '', true);
        if t.who is not null and not t.of_workspace then
            -- `max` prefers the id where a table has both.
            execute format('select coalesce(jsonb_agg(to_jsonb(x)), ''[]'') from %I.%I x where x.%I::text = $1', t.nspname, t.relname, t.who)
            into found_rows using case when t.who = 'user_id' then asked.user_id::text else address end;
        else
            -- Within the tables' own policies: one's own rows wherever one is a member, whole tables where one is the owner.
            for entered in select p.workspace_id, p.role from tenant.places(asked.user_id, asked.organisation_workspace) p loop
                continue when t.who is null and entered.role <> 'owner';
                perform set_config('app.workspace_id', entered.workspace_id::text, true);
                execute format(
                    'select coalesce(jsonb_agg(to_jsonb(x)), ''[]'') from %I.%I x
                     where x.workspace_id = $1 and ($2 is null or to_jsonb(x) ->> $2 = $3)',
                    t.nspname, t.relname)
                into rows_of_one
                using entered.workspace_id, t.who, case when t.who = 'email' then address else asked.user_id::text end;
                found_rows := found_rows || rows_of_one;
            end loop;
        end if;
        if found_rows <> '[]' then
            everything := everything || jsonb_build_object(t.nspname || '.' || t.relname, (
                select jsonb_agg((
                    -- Permanent account numbers are masked as they are everywhere.
                    select jsonb_object_agg(f.key, regexp_replace(
                        f.value::text, '\m([A-Z]{2})[A-Z]{3}[0-9]{3}([0-9][A-Z])\M', '\1XXXXXX\2', 'g')::jsonb)
                    from jsonb_each(r.value) f
                    where f.key !~ '(_hash|_hmac|_sha256|_sealed)$'))
                from jsonb_array_elements(found_rows) r));
        end if;
    end loop;
    perform set_config('app.workspace_id', '', true);
    return query select everything || jsonb_build_object('access.audit', (
        select coalesce(jsonb_agg(jsonb_build_object(
                   'at', a.at, 'workspace_id', a.workspace_id, 'key_id', a.key_id, 'action', a.action, 'subject', a.subject,
                   'request_id', a.request_id,
                   'address', rtrim(convert_from(tenant.sealed(k.key, a.entry_id, a.address_sealed), 'UTF8')))), '[]')
        from (select * from access.audit e
              where e.user_id = asked.user_id
                and (e.workspace_id is null
                     or e.workspace_id in (select p.workspace_id from tenant.places(asked.user_id, asked.organisation_workspace) p))
              order by e.at desc limit 10000) a
        left join auth.person_keys k on k.user_id = a.user_id));
end $$;
