-- As before, but a file need not have the whole of a day: one that was made at noon takes the place of what it tells of,
-- and the fills of the afternoon stay. Fills are matched by key, else one to one by what they were of, day, side,
-- quantity and amount. The tradebook has each fill; of another file a row may be a whole order: then the fills, in order of
-- time, are in it as far as its quantity goes.
create or replace function transactions.record(
    p_account uuid, p_import uuid, p_source text, p_rows jsonb, p_person uuid default null
) returns table (source_key text, outcome text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    -- As km_owner, whom row-level security binds: only the entered workspace can be written.
    workspace uuid := current_setting('app.workspace_id')::uuid;
    person uuid := coalesce(p_person, tenant.person());
begin
    if p_source <> 'kite' then
        perform transactions.replace_fills(p_account, p_source, p_rows);
    end if;
    return query with stated as (
        select r.* from jsonb_to_recordset(p_rows) as r (
            id uuid, kind text, market text, isin text, folio text, symbol text, name text, "on" date, "at" time,
            venue text, exchange text, series text, quantity numeric, amount numeric, charges numeric, stt numeric,
            terms jsonb, reference text, key text)
    ), told as (
        select f.key from transactions.told_fills(p_account, case when p_source = 'kite' then p_rows else '[]' end) f
    ), rows as (
        select r.* from stated r where not exists (select from told where told.key = r.key)
    ), added as (
        insert into transactions.transactions as t (
            workspace_id, transaction_id, account_id, kind, market, isin, folio, symbol, name, on_date, at_time, venue,
            exchange, series, quantity, amount, charges, stt, terms, reference, source_key, source, import_ids, entered_by)
        select workspace, r.id, p_account, r.kind, r.market, r.isin, r.folio, r.symbol, r.name, r."on", r."at", r.venue,
               r.exchange, r.series, r.quantity, r.amount, r.charges, r.stt, r.terms, r.reference, r.key, p_source,
               array[p_import], person
        from rows r
        on conflict on constraint transactions_source_key do nothing
        returning t.source_key
    ), known as (
        select t.transaction_id, t.source_key, t.import_ids, r.charges, r.stt,
               t.corrected_at is not null or t.removed_at is not null
               or (t.kind, t.quantity, t.amount, t.terms) is not distinct from (r.kind, r.quantity, r.amount, r.terms)
               -- Its own export: people leave out what is nothing.
               or t.source = 'manual' and (t.kind, t.amount) is not distinct from (r.kind, r.amount) as same
        from rows r join transactions.transactions t on t.account_id = p_account and t.source_key = r.key
    ), claimed as (
        -- What one file does not know of the charges another one may.
        update transactions.transactions t
        set import_ids = t.import_ids || p_import, charges = coalesce(t.charges, k.charges), stt = coalesce(t.stt, k.stt)
        from known k
        where k.same and t.transaction_id = k.transaction_id and not p_import = any (t.import_ids)
          -- What was entered by hand belongs to no file, and a fill that is told again to none either.
          and t.source <> 'manual' and p_source <> 'kite'
    )
    select a.source_key, 'added' from added a
    union all
    select k.source_key, case when k.same then 'repeated' else 'conflict' end from known k
    union all
    select told.key, 'told' from told;
end $$;
