-- As before; and what Kite had told before a file did is told by Kite again.
create or replace function transactions.forget(p_import uuid) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with told_again as (
        update transactions.transactions t
        set kind = w.kind, symbol = w.symbol, name = w.name, at_time = w.at_time, venue = w.venue, exchange = w.exchange,
            series = w.series, quantity = w.quantity, amount = w.amount, charges = w.charges, stt = w.stt, terms = w.terms,
            reference = w.reference, source = w.source, source_key = w.source_key, import_ids = w.import_ids, was = null
        from transactions.transactions o
        cross join lateral jsonb_populate_record(null::transactions.transactions, o.was) w
        where o.transaction_id = t.transaction_id and o.workspace_id = t.workspace_id and o.was is not null
          and t.import_ids = array[p_import] and t.corrected_at is null and t.removed_at is null
          and not exists (select from transactions.transactions x
                          where x.account_id = t.account_id and x.source_key = w.source_key
                            and x.transaction_id <> t.transaction_id)
        returning t.transaction_id
    ), gone as (
        delete from transactions.transactions t
        where p_import = any (t.import_ids) and t.import_ids = array[p_import]
          and t.corrected_at is null and t.removed_at is null
          and not exists (select from told_again g where g.transaction_id = t.transaction_id)
        returning 1
    ), kept as (
        update transactions.transactions t set import_ids = array_remove(t.import_ids, p_import)
        where p_import = any (t.import_ids)
          and not (t.import_ids = array[p_import] and t.corrected_at is null and t.removed_at is null)
    )
    select (select count(*) from gone) + (select count(*) from told_again)
$$;
