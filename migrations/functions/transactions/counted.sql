-- Every event that the ledger counts.
create or replace function transactions.counted()
returns table (
    transaction_id uuid, account_id uuid, isin text, folio text, market text, kind text, venue text, exchange text,
    on_date date, at_time time, reference text, quantity numeric, amount numeric, charges numeric, stt numeric, terms jsonb
)
language plpgsql stable as $$
#variable_conflict use_column
begin
    return query
    -- Two readings of one statement write a folio with and without spaces.
    select transaction_id, account_id, isin, regexp_replace(folio, '\s', '', 'g'), market, kind, venue, exchange,
           on_date, at_time, reference || '|' || source_key, quantity, amount, charges, stt, terms
    from transactions.transactions
    where removed_at is null and market in ('equity', 'mutual_fund');
end $$;
