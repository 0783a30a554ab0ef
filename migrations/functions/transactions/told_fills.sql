-- The keys of fills, as Kite tells them, of which a file or a person has told under another key.
create or replace function transactions.told_fills(p_account uuid, p_rows jsonb) returns table (key text)
language sql stable set search_path = pg_catalog, pg_temp as $$
    with rows as (
        select r.* from jsonb_to_recordset(p_rows) as r (
            kind text, isin text, "on" date, "at" time, quantity numeric, amount numeric, key text)
    ), fills as (
        select r.*,
               row_number() over (partition by r.kind, r.isin, r."on", r.quantity, r.amount order by r."at", r.key) as nth,
               row_number() over (partition by r.kind, r.isin, r."on", r.quantity order by r."at", r.key) as nth_of_so_many
        from rows r
        where not exists (select from transactions.transactions t where t.account_id = p_account and t.source_key = r.key)
    ), filed as (
        select t.kind, t.isin, t.on_date, t.quantity, t.amount, t.source, t.removed_at,
               row_number() over (partition by t.kind, t.isin, t.on_date, t.quantity, t.amount
                                  order by t.at_time, t.source_key) as nth
        from transactions.transactions t
        where t.account_id = p_account
          -- What somebody corrected or took out has the file's key by now.
          and (t.source not in ('kite', 'manual')
               or t.source = 'kite' and (t.corrected_at is not null or t.removed_at is not null))
          and (t.kind, t.isin, t.on_date) in (select f.kind, f.isin, f."on" from fills f)
          and not exists (select from rows r where r.key = t.source_key)
    ), matched as (
        select f.key, t.*
        from fills f join filed t
          on (t.kind, t.isin, t.on_date, t.quantity, t.amount, t.nth) = (f.kind, f.isin, f."on", f.quantity, f.amount, f.nth)
    ), by_order as (
        select t.kind, t.isin, t.on_date, sum(t.quantity) as quantity
        from filed t
        where t.source not in ('zerodha_tradebook', 'kite') and t.removed_at is null
          and not exists (
              select from matched m
              where (m.kind, m.isin, m.on_date, m.quantity, m.amount, m.nth)
                  = (t.kind, t.isin, t.on_date, t.quantity, t.amount, t.nth))
        group by t.kind, t.isin, t.on_date
    ), left_over as (
        select f.key, f.kind, f.isin, f."on",
               sum(f.quantity) over (partition by f.kind, f.isin, f."on" order by f."at", f.key) as until
        from fills f
        where not exists (select from matched m where m.key = f.key)
    ), manual as (
        select t.kind, t.isin, t.on_date, t.quantity,
               row_number() over (partition by t.kind, t.isin, t.on_date, t.quantity order by t.transaction_id) as nth
        from transactions.transactions t
        where t.account_id = p_account and t.source = 'manual'
    )
    select m.key from matched m
    union
    select l.key from left_over l join by_order o on (o.kind, o.isin, o.on_date) = (l.kind, l.isin, l."on") and o.quantity >= l.until
    union
    select f.key from fills f join manual m
      on (m.kind, m.isin, m.on_date, m.quantity, m.nth) = (f.kind, f.isin, f."on", f.quantity, f.nth_of_so_many)
$$;
