-- Stores what a broker says is held, as of a moment of today, unless a later moment is stored. When it is complete, what
-- it does not list is gone.
create or replace function imports.assert_holdings(
    p_account uuid, p_day date, p_at time, p_layout text, p_id uuid, p_rows jsonb, p_complete boolean
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    -- As km_owner, whom row-level security binds: only the entered workspace can be written.
    workspace uuid := current_setting('app.workspace_id')::uuid;
    listed text[] := array(select r ->> 'isin' from jsonb_array_elements(p_rows) as r);
begin
    -- Imports into the account wait, or are waited for.
    perform pg_advisory_xact_lock(hashtextextended(p_account::text, 0));
    perform from imports.statements s
    where s.account_id = p_account and (s.statement_on > p_day or s.statement_on = p_day and s.taken_at > coalesce(p_at, time '24:00'));
    if found then
        return;
    end if;
    insert into imports.holdings as h (
        workspace_id, account_id, isin, segment, name, available, t1, pledged, discrepant, financed, loan, cost,
        statement_on, taken_at, layout, import_id)
    select workspace, p_account, r.isin, r.segment, r.name, r.available, r.t1, r.pledged, 0, r.financed, r.loan, r.cost,
           p_day, p_at, p_layout, p_id
    from jsonb_to_recordset(p_rows) as r (isin text, segment text, name text, available numeric, t1 numeric,
        pledged numeric, financed numeric, loan numeric, cost numeric)
    on conflict on constraint holdings_pk do update
    set segment = excluded.segment, available = excluded.available, t1 = excluded.t1, pledged = excluded.pledged,
        discrepant = 0, financed = excluded.financed, loan = excluded.loan, cost = excluded.cost,
        statement_on = excluded.statement_on, taken_at = excluded.taken_at, layout = excluded.layout,
        import_id = excluded.import_id
    -- A file of the same day was true before it was asked; a reading of a later moment stays.
    where h.statement_on < excluded.statement_on
       or h.statement_on = excluded.statement_on
          and (h.layout <> excluded.layout
               or coalesce(h.taken_at, time '24:00') <= coalesce(excluded.taken_at, time '24:00'));
    if not p_complete then
        return;
    end if;
    delete from imports.holdings h
    where h.account_id = p_account and h.statement_on <= p_day and not h.isin = any (listed);
    insert into imports.statements as s (workspace_id, account_id, segment, statement_on, taken_at, import_id)
    select workspace, p_account, segment, p_day, p_at, p_id from unnest(array['equity', 'mutual_fund']) as segment
    on conflict on constraint statements_pk do update
    set statement_on = excluded.statement_on, taken_at = excluded.taken_at, import_id = excluded.import_id;
end $$;
