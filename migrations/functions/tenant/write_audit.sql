-- Adds an entry; every other function that does comes here.
create or replace function tenant.write_audit(
    p_workspace uuid, p_user uuid, p_key text, p_action text, p_subject text, p_detail jsonb, p_request text, p_address text,
    p_entry uuid default gen_random_uuid()
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    sealing bytea;
begin
    if p_address is not null then
        insert into auth.person_keys (user_id, key)
        select u.user_id,
               sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
        from auth.users u where u.user_id = p_user and u.purged_at is null
        on conflict on constraint person_keys_pk do nothing;
        select k.key into sealing from auth.person_keys k where k.user_id = p_user;
    end if;
    insert into access.audit (entry_id, workspace_id, user_id, key_id, action, subject, detail, request_id, address_sealed)
    values (p_entry, p_workspace, p_user, p_key, p_action, p_subject, p_detail, p_request,
            -- As long as the longest address, so that its length says nothing.
            case when sealing is not null
                 then tenant.sealed(sealing, p_entry, convert_to(rpad(left(p_address, 45), 45), 'UTF8')) end);
end $$;
