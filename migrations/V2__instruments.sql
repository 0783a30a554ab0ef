-- Instruments and their prices: reference tables, the same for every workspace.

create schema transactions;

create table transactions.instruments (
    isin text constraint instruments_pk primary key,
    name text not null,
    -- 'unclassified' until a source says; never guessed.
    class text not null default 'unclassified',
    sector text not null default 'unclassified',
    -- The source of the name and the class.
    source text not null,
    -- The day of the file they came from: an older file does not overwrite a newer one.
    as_of date not null,
    updated_at timestamptz not null default now(),
    constraint instruments_isin check (isin ~ '^[A-Z]{2}[A-Z0-9]{9}[0-9]$'),
    constraint instruments_class check (
        class in ('equity', 'etf', 'mutual_fund', 'government_security', 'unclassified')
    )
);
create index instruments_by_name on transactions.instruments (lower(name) text_pattern_ops);

-- A symbol belongs to one instrument at a time; renamed symbols keep their past.
create table transactions.symbols (
    exchange text not null,
    symbol text not null,
    isin text not null constraint symbols_instrument references transactions.instruments,
    series text not null,
    -- First and last day a file showed it.
    valid_from date not null,
    valid_to date not null,
    constraint symbols_pk primary key (exchange, symbol, isin)
);
create index symbols_by_isin on transactions.symbols (isin, valid_to);
create index symbols_by_prefix on transactions.symbols (symbol text_pattern_ops);

create table transactions.prices (
    isin text not null,
    on_date date not null,
    -- 'nse' (close of the exchange) or 'amfi' (net asset value).
    source text not null,
    close numeric(20, 4) not null constraint prices_close_positive check (close > 0),
    -- The close before, when the source states it.
    previous_close numeric(20, 4),
    loaded_at timestamptz not null default now(),
    constraint prices_pk primary key (isin, on_date, source)
);

create index prices_by_source on transactions.prices (source, on_date desc);

-- One row per file that was loaded, so that a file put twice is known.
create table transactions.price_files (
    file_sha256 bytea constraint price_files_pk primary key,
    layout text not null,
    object_key text not null,
    rows_stored int not null,
    rows_refused int not null,
    loaded_at timestamptz not null default now()
);

-- The newest price of an instrument on or before a day: an exchange close before a net asset value of that day.
-- The previous close is the source's own, else the newest one of the same source before it.
-- Without a `set` clause, so that the planner can inline it into the query of a whole book.
create function transactions.price_on(p_isin text, p_day date)
returns table (close numeric, previous numeric, on_date date, source text)
language sql stable as $$
    select p.close,
           coalesce(p.previous_close, (
               select b.close from transactions.prices b
               where b.isin = p.isin and b.on_date < p.on_date and b.source = p.source
               order by b.on_date desc limit 1)),
           p.on_date, p.source
    from transactions.prices p
    where p.isin = p_isin and p.on_date <= p_day
    order by p.on_date desc, p.source = 'nse' desc
    limit 1
$$;

grant usage on schema transactions to svc_brokers, svc_platform, svc_portfolio, svc_transactions;
grant select, insert, update on transactions.instruments, transactions.symbols, transactions.prices,
    transactions.price_files to svc_transactions;
grant select on transactions.instruments, transactions.symbols, transactions.prices to svc_brokers, svc_portfolio;
revoke all on function transactions.price_on from public;
grant execute on function transactions.price_on to svc_brokers, svc_portfolio, svc_transactions;
