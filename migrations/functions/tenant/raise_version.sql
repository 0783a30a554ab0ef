-- Raises a version when a transaction that changes something commits. A workspace that the transaction deletes has none.
create or replace function tenant.raise_version() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from shared.changes c
    where c.workspace_id is not distinct from new.workspace_id and c.transaction_id = new.transaction_id;
    if new.workspace_id is null
       or exists (select from workspaces.workspaces w where w.workspace_id = new.workspace_id) then
        insert into shared.versions as v (workspace_id, version) values (new.workspace_id, 1)
        on conflict on constraint versions_key do update set version = v.version + 1;
    end if;
    return null;
end $$;
