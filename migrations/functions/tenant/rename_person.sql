-- Changes the name of whoever entered.
create or replace function tenant.rename_person(p_name text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.users set name = p_name
    where user_id = tenant.person();
    select tenant.audit('person.updated', current_setting('app.user_id', true), '{"changed": ["name"]}')
$$;
