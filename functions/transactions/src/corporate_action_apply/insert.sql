-- $1 events as a JSON array with decimals as strings. One that an account has already by its key is left as it is.
insert into transactions.transactions (workspace_id, transaction_id, account_id, kind, market, isin, name, on_date,
    quantity, amount, terms, source_key, source, entered_by)
select current_setting('app.workspace_id')::uuid, r.id, r.account, r.kind, 'equity', r.isin, r.name, r."on", r.quantity,
       r.amount, r.terms, r.key, 'nse_corporate_actions', current_setting('app.user_id')::uuid
from jsonb_to_recordset($1) as r (id uuid, account uuid, kind text, isin text, name text, "on" date, quantity numeric,
    amount numeric, terms jsonb, key text)
on conflict on constraint transactions_source_key do nothing
