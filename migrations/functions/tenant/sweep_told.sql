create or replace function tenant.sweep_told() returns table (uploads bigint, syncs bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from portfolio.uploads u where u.created_at < now() - interval '30 days';
    get diagnostics uploads = row_count;
    -- The newest of an account says how fresh it is, however old it is.
    delete from brokers.syncs s
    where s.day < current_date - 400
      and exists (select from brokers.syncs n
                  where n.workspace_id = s.workspace_id and n.account_id = s.account_id and n.day > s.day);
    get diagnostics syncs = row_count;
    return next;
end $$;
