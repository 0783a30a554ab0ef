-- The versions of the ledger of the workspace that was entered, and of the market. Read before what they are versions of:
-- a change in between makes it newer than its version, and never older.
create or replace function tenant.versions() returns table (ledger bigint, market bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce((select v.version from shared.versions v where v.workspace_id = tenant.workspace()), 0),
           coalesce((select v.version from shared.versions v where v.workspace_id is null), 0)
$$;
