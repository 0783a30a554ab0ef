-- Whether somebody may, at this moment, write the portfolio of the workspace that was entered: for files that wait.
create or replace function tenant.may_write(p_user uuid) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from tenant.places(p_user, tenant.workspace()) p
        where p.workspace_id = tenant.workspace()
          and p.role in ('owner', 'admin', 'analyst') and not p.read_only)
$$;
