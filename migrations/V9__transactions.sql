-- Whatever happened in an account.

create table transactions.transactions (
    workspace_id uuid not null,
    transaction_id uuid not null,
    account_id uuid not null,
    kind text not null constraint transactions_kind check (kind in (
        'buy', 'sell', 'ipo_allotment', 'rights', 'bonus', 'split', 'merger', 'demerger', 'transfer_in', 'transfer_out',
        'buyback', 'dividend', 'interest', 'distribution', 'charge', 'opening')),
    -- Contracts are stored and counted, and left out of lots, value and returns.
    market text not null constraint transactions_market check (
        market in ('equity', 'mutual_fund', 'derivative', 'currency', 'commodity')),
    -- null of a contract.
    isin text,
    folio text,
    symbol text,
    name text not null,
    -- The day of the trade, the allotment, the net asset value; the ex-date of a corporate action.
    on_date date not null,
    -- Indian time.
    at_time time constraint transactions_at_time check (at_time < '24:00'),
    venue text constraint transactions_venue check (
        venue in ('exchange', 'trade_to_trade', 'fund', 'off_market', 'redemption', 'fraction')),
    exchange text,
    series text,
    -- Shares or units; null where the kind has none.
    quantity numeric constraint transactions_quantity check (quantity > 0),
    -- Rupees before charges; of income what was paid before tax.
    amount numeric constraint transactions_amount check (amount >= 0),
    -- null is not known, which is not zero.
    charges numeric constraint transactions_charges check (charges >= 0),
    stt numeric constraint transactions_stt check (stt >= 0),
    -- What one kind alone has: gives, per, into, costPercent, allottedOn, acquiredOn, tds, capital, to.
    terms jsonb not null default '{}',
    -- The exchange's id of the trade, or what stands for it.
    reference text not null default '',
    -- What makes it the same event in two files of the account.
    source_key text not null,
    -- The layout of the file, or 'manual'.
    source text not null,
    -- The imports that had it: when the last of them is undone it goes. Empty of what was entered by hand.
    import_ids uuid[] not null default '{}',
    entered_by uuid not null,
    created_at timestamptz not null default now(),
    -- Somebody changed what a file says; the file does not change it back.
    corrected_at timestamptz,
    -- Somebody took it out; the file does not bring it back.
    removed_at timestamptz,
    -- What Kite told of a trade that a file has told since.
    was jsonb,
    constraint transactions_pk primary key (workspace_id, transaction_id),
    constraint transactions_source_key unique (workspace_id, account_id, source_key),
    constraint transactions_security check (isin is not null or market in ('derivative', 'currency', 'commodity')),
    constraint transactions_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade
);
comment on table transactions.transactions is 'Events of the ledger, as files state them or people enter them.';
create index transactions_by_day on transactions.transactions (workspace_id, on_date, transaction_id);
call platform.protect_tenant('transactions.transactions');
