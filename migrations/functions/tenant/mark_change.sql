-- Notes that a transaction changes what figures are worked out from: of the workspaces of its rows, or of the market.
create or replace function tenant.mark_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if tg_argv[0] = 'market' then
        insert into shared.changes (workspace_id, transaction_id)
        select null, pg_current_xact_id() from changed limit 1
        on conflict on constraint changes_key do nothing;
    else
        insert into shared.changes (workspace_id, transaction_id)
        select distinct c.workspace_id, pg_current_xact_id() from changed c
        on conflict on constraint changes_key do nothing;
    end if;
    return null;
end $$;
