-- Securities, their prices, and what the exchange says of them: the same for everybody. And what a workspace says of them.

-- A scheme as brokers write it and as AMFI does differ in dashes and in the words plan and option.
create function market.plain_name(p_name text) returns text
language sql immutable parallel safe as $$
    select regexp_replace(lower(p_name), '(plan|option|[^a-z0-9])', '', 'g')
$$;

create table market.instruments (
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
    -- What it is for tax.
    asset_kind text constraint instruments_asset_kind check (asset_kind in (
        'listed_share', 'equity_fund', 'debt_fund', 'other_fund', 'balanced_fund', 'listed_debt_fund', 'listed_other_fund',
        'trust_unit', 'listed_bond', 'unlisted_bond', 'market_linked_debenture', 'gold_bond', 'unlisted_share')),
    constraint instruments_isin check (isin ~ '^[A-Z]{2}[A-Z0-9]{9}[0-9]$'),
    constraint instruments_class check (
        class in ('equity', 'etf', 'mutual_fund', 'government_security', 'unclassified')
    )
);
create index instruments_by_name on market.instruments (lower(name) text_pattern_ops);
create index instruments_by_plain_name on market.instruments (market.plain_name(name))
    where class = 'mutual_fund';

-- A symbol belongs to one instrument at a time; renamed symbols keep their past.
create table market.symbols (
    exchange text not null,
    symbol text not null,
    isin text not null constraint symbols_instrument references market.instruments,
    series text not null,
    -- First and last day a file showed it.
    valid_from date not null,
    valid_to date not null,
    constraint symbols_pk primary key (exchange, symbol, isin)
);
create index symbols_by_prefix on market.symbols (symbol text_pattern_ops);
create index symbols_by_isin on market.symbols (isin, valid_to desc, exchange) include (symbol);

create table market.prices (
    isin text not null,
    on_date date not null,
    -- 'nse' (close of the exchange) or 'amfi' (net asset value).
    source text not null constraint prices_source check (source in ('amfi', 'nse')),
    close numeric(20, 4) not null constraint prices_close_positive check (close > 0),
    -- The close before, when the source states it.
    previous_close numeric(20, 4),
    loaded_at timestamptz not null default now(),
    constraint prices_pk primary key (isin, on_date, source)
);
create index prices_by_source on market.prices (source, on_date desc);

-- One row per file that was loaded, so that a file put twice is known.
create table market.price_files (
    file_sha256 bytea constraint price_files_pk primary key,
    layout text not null,
    object_key text not null,
    rows_stored int not null,
    rows_refused int not null,
    loaded_at timestamptz not null default now()
);

-- The highest price, or the net asset value, of 31 January 2018 (section 55(2)(ac)).
create table market.fair_values (
    isin text constraint fair_values_pk primary key,
    price numeric(20, 4) not null constraint fair_values_price_positive check (price > 0),
    source text not null
);

-- What NSE's list of corporate actions says, by symbol: it has no ISINs. Suggested to whoever held the security.
create table market.corporate_actions (
    symbol text not null,
    kind text not null constraint corporate_actions_kind check (kind in ('bonus', 'split', 'dividend')),
    ex_date date not null,
    -- Shares that are given for so many that are held; after a split so many for those before.
    gives numeric constraint corporate_actions_gives check (gives > 0),
    per numeric constraint corporate_actions_per check (per > 0),
    -- Rupees a share.
    amount numeric constraint corporate_actions_amount check (amount > 0),
    purpose text not null,
    constraint corporate_actions_pk primary key (symbol, kind, ex_date)
);

-- Days outside Monday to Friday, and hours outside the usual ones, on which the exchange trades. Operators add what the
-- exchange announces; what is here is from its circulars as reference material quotes them.
create table market.special_sessions (
    day date constraint special_sessions_pk primary key,
    -- Indian time.
    opens time not null,
    closes time not null,
    name text not null,
    constraint special_sessions_hours check (opens < closes)
);

-- What an index closed at, by its name in capitals.
create table market.index_closes (
    name text not null,
    on_date date not null,
    close numeric(20, 4) not null constraint index_closes_positive check (close > 0),
    constraint index_closes_pk primary key (name, on_date)
);

-- What the sources say a security is for tax, from the day of the file that said so first: schemes change what they are. The
-- first row counts for the time before it, too.
create table market.stated_kinds (
    isin text not null,
    from_on date not null,
    kind text not null,
    constraint stated_kinds_pk primary key (isin, from_on)
);

-- What is shown of a security today: its newest name, symbol and price. Triggers keep it.
create table market.quotes (
    isin text constraint quotes_pk primary key,
    name text,
    class text,
    sector text,
    asset_kind text,
    symbol text,
    close numeric(20, 4),
    previous numeric(20, 4),
    on_date date,
    source text
);

-- What a workspace says a security is for tax, from a day on: it goes before what the sources say.
create table market.asset_kinds (
    workspace_id uuid not null constraint asset_kinds_workspace references workspaces.workspaces on delete cascade,
    isin text not null,
    from_on date not null,
    kind text not null constraint asset_kinds_kind check (kind in (
        'listed_share', 'equity_fund', 'debt_fund', 'other_fund', 'balanced_fund', 'listed_debt_fund', 'listed_other_fund',
        'trust_unit', 'listed_bond', 'unlisted_bond', 'market_linked_debenture', 'gold_bond', 'unlisted_share')),
    set_by uuid not null,
    set_at timestamptz not null default now(),
    constraint asset_kinds_pk primary key (workspace_id, isin, from_on)
);
call platform.protect_tenant('market.asset_kinds');

insert into market.special_sessions (day, opens, closes, name) values
    ('2024-11-01', '18:00', '19:00', 'Muhurat'),
    ('2025-10-21', '13:45', '14:45', 'Muhurat'),
    ('2026-02-01', '09:15', '15:30', 'Budget');
