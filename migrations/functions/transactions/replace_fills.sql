-- Gives fills that Kite told of the key and the figures that a file has for the same trade: by its key, else by what it
-- was of, its day, side, quantity and amount, as often as it is there.
create or replace function transactions.replace_fills(p_account uuid, p_source text, p_rows jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from transactions.transactions t where t.account_id = p_account and t.source = 'kite';
    if not found then
        return;
    end if;
    with rows as (
        select r.* from jsonb_to_recordset(p_rows) as r (
            kind text, isin text, "on" date, "at" time, quantity numeric, amount numeric, key text)
    ), fills as (
        select t.transaction_id, t.kind, t.isin, t.on_date, t.quantity, t.amount,
               row_number() over (partition by t.kind, t.isin, t.on_date, t.quantity, t.amount
                                  order by t.at_time, t.source_key) as nth
        from transactions.transactions t
        -- What somebody corrected or took out is the same trade, too: it gets the key, and keeps what they said.
        where t.account_id = p_account and t.source = 'kite'
          and not exists (select from rows r where r.key = t.source_key)
    ), stated as (
        select r.key, r.kind, r.isin, r."on", r.quantity, r.amount,
               row_number() over (partition by r.kind, r.isin, r."on", r.quantity, r.amount order by r."at", r.key) as nth
        from rows r
        where not exists (select from transactions.transactions t where t.account_id = p_account and t.source_key = r.key)
    )
    update transactions.transactions t
    set source_key = s.key,
        was = case when t.corrected_at is null and t.removed_at is null then to_jsonb(t) - 'was' end
    from fills f join stated s
      on (s.kind, s.isin, s."on", s.quantity, s.amount, s.nth) = (f.kind, f.isin, f.on_date, f.quantity, f.amount, f.nth)
    where t.account_id = p_account and t.transaction_id = f.transaction_id;
    update transactions.transactions t
    set kind = r.kind, symbol = r.symbol, name = r.name, at_time = r."at", venue = r.venue, exchange = r.exchange,
        series = r.series, quantity = r.quantity, amount = r.amount, charges = r.charges, stt = r.stt,
        terms = r.terms, reference = r.reference, source = p_source,
        -- It is the file's now; taken back, it is again what Kite told.
        import_ids = '{}', was = coalesce(t.was, to_jsonb(t) - 'was')
    from jsonb_to_recordset(p_rows) as r (
        kind text, symbol text, name text, "at" time, venue text, exchange text, series text, quantity numeric,
        amount numeric, charges numeric, stt numeric, terms jsonb, reference text, key text)
    where t.account_id = p_account and t.source_key = r.key and t.source = 'kite'
      and t.corrected_at is null and t.removed_at is null;
    if p_source = 'zerodha_tradebook' then
        return;
    end if;
    -- What the file tells in fewer rows than there were fills is the same.
    with news as (
        select r.kind, r.isin, r."on", sum(r.quantity) as quantity
        from jsonb_to_recordset(p_rows) as r (kind text, isin text, "on" date, quantity numeric, key text)
        where not exists (select from transactions.transactions t where t.account_id = p_account and t.source_key = r.key)
        group by r.kind, r.isin, r."on"
    ), fills as (
        select t.transaction_id, t.kind, t.isin, t.on_date,
               sum(t.quantity) over (partition by t.kind, t.isin, t.on_date order by t.at_time, t.source_key) as until
        from transactions.transactions t
        where t.account_id = p_account and t.source = 'kite' and t.corrected_at is null and t.removed_at is null
    )
    delete from transactions.transactions t
    using fills f join news n on (n.kind, n.isin, n."on") = (f.kind, f.isin, f.on_date) and n.quantity >= f.until
    where t.account_id = p_account and t.transaction_id = f.transaction_id
      and t.source = 'kite' and t.corrected_at is null and t.removed_at is null;
end $$;
