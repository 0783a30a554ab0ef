-- Raises KM404, KM403 or KM406 unless a place allows one of the roles. A route that viewers may call writes nothing of
-- the workspace's.
create or replace function tenant.check_place(p_role text, p_read_only boolean, p_roles text[]) returns void
language plpgsql as $$
begin
    if p_role is null then
        raise exception 'not a member' using errcode = 'KM404';
    end if;
    if not p_role = any (p_roles) then
        raise exception 'role not allowed' using errcode = 'KM403';
    end if;
    if p_read_only and not 'viewer' = any (p_roles) then
        raise exception 'nobody leads the workspace' using errcode = 'KM406';
    end if;
end $$;
