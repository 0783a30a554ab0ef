-- One statement, so one transaction: $1 sha256, $2 layout, $3 key, $4 and $5 rows stored and refused,
-- $6 instruments, $7 symbols, $8 prices as JSON arrays with decimals as strings, $9 source of the prices,
-- $10 values of 31 January 2018, $11 corporate actions and $12 what indices closed at, as the prices are.
-- A file that was stored before answers no row and changes nothing.
with file as (
    insert into market.price_files (file_sha256, layout, object_key, rows_stored, rows_refused)
    values ($1, $2, $3, $4, $5)
    on conflict on constraint price_files_pk do nothing
    returning layout
), instruments as (
    insert into market.instruments as i (isin, name, class, sector, source, as_of, asset_kind)
    select r.isin, r.name, coalesce(r.class, 'unclassified'), coalesce(r.sector, 'unclassified'),
           case file.layout when 'nse_index_list' then file.layout else $9 end, r.as_of, r.kind
    from file, jsonb_to_recordset($6) as r (isin text, name text, class text, sector text, kind text, as_of date)
    on conflict on constraint instruments_pk do update
    -- What a file does not say it leaves; an older file, and a fund list of a listed ETF, leave all.
    set name = case when excluded.source in ('nse', 'amfi') then excluded.name else i.name end,
        class = case when excluded.class <> 'unclassified' then excluded.class else i.class end,
        sector = case when excluded.sector <> 'unclassified' then excluded.sector else i.sector end,
        source = case when excluded.source in ('nse', 'amfi') then excluded.source else i.source end,
        as_of = case when excluded.source in ('nse', 'amfi') then excluded.as_of else i.as_of end,
        asset_kind = coalesce(excluded.asset_kind, i.asset_kind),
        updated_at = now()
    -- An index list has no day of its own.
    where (i.as_of <= excluded.as_of or 'nse_index_list' in (i.source, excluded.source))
      and not (i.source = 'nse' and excluded.source = 'amfi')
    returning i.isin
), kinds as (
    -- Of a traded fund the exchange knows the name, and the fund list what it is for tax. In a statement of its own, since
    -- one changes a row but once.
    update market.instruments i set asset_kind = r.kind, updated_at = now()
    from file, jsonb_to_recordset($6) as r (isin text, kind text, as_of date)
    where r.isin = i.isin and i.source = 'nse' and $9 = 'amfi' and r.kind is not null
      and i.asset_kind is distinct from r.kind
      -- A history is of its time.
      and r.as_of >= i.as_of - 30
), stated_kinds as (
    insert into market.stated_kinds (isin, from_on, kind)
    select r.isin, r.as_of, r.kind
    from file, jsonb_to_recordset($6) as r (isin text, kind text, as_of date)
    where r.kind is not null
      and r.kind is distinct from (
          select k.kind from market.stated_kinds k
          where k.isin = r.isin and k.from_on <= r.as_of
          order by k.from_on desc
          limit 1)
    on conflict on constraint stated_kinds_pk do update set kind = excluded.kind
), seen as (
    -- A symbol refers to its instrument, so the instruments of this very statement come first.
    select count(*) from instruments
), symbols as (
    insert into market.symbols as y (exchange, symbol, isin, series, valid_from, valid_to)
    select 'NSE', r.symbol, r.isin, r.series, r.day, r.day
    from file, seen, jsonb_to_recordset($7) as r (symbol text, isin text, series text, day date)
    on conflict on constraint symbols_pk do update
    set series = case when excluded.valid_to >= y.valid_to then excluded.series else y.series end,
        valid_from = least(y.valid_from, excluded.valid_from), valid_to = greatest(y.valid_to, excluded.valid_to)
), prices as (
    insert into market.prices (isin, on_date, source, close, previous_close)
    select r.isin, r.day, $9, r.close, r.previous
    from file, jsonb_to_recordset($8) as r (isin text, day date, close numeric, previous numeric)
    -- A corrected file of the same day replaces what the first one said.
    on conflict on constraint prices_pk do update
    set close = excluded.close, previous_close = excluded.previous_close, loaded_at = now()
), fair_values as (
    insert into market.fair_values (isin, price, source)
    select distinct on (r.isin) r.isin, r.price, $9
    from file, jsonb_to_recordset($10) as r (isin text, price numeric)
    -- Of several series the highest quoted price.
    order by r.isin, r.price desc
    on conflict on constraint fair_values_pk do update
    set price = greatest(fair_values.price, excluded.price)
), actions as (
    insert into market.corporate_actions (symbol, kind, ex_date, gives, per, amount, purpose)
    select r.symbol, r.kind, r.day, r.gives, r.per, r.amount, r.purpose
    from file, jsonb_to_recordset($11) as r (symbol text, kind text, day date, gives numeric, per numeric,
        amount numeric, purpose text)
    on conflict on constraint corporate_actions_pk do update
    set gives = excluded.gives, per = excluded.per, amount = excluded.amount, purpose = excluded.purpose
), index_closes as (
    insert into market.index_closes (name, on_date, close)
    select r.name, r.day, r.close
    from file, jsonb_to_recordset($12) as r (name text, day date, close numeric)
    on conflict on constraint index_closes_pk do update set close = excluded.close
)
select layout from file
