-- What complete statements say is asked by a plan that is kept, and the table that quotes took the place of is gone.
set local role km_owner;

-- Whoever reads prices is waited for, and waited for by everyone after: not for long, and the release can be tried again.
set local lock_timeout = '5s';

drop trigger inserted on transactions.prices;
drop trigger updated on transactions.prices;
drop trigger taken on transactions.prices;
drop trigger deleted on transactions.prices;
drop trigger truncated on transactions.prices;
drop function transactions.keep_newest_prices;
drop table transactions.newest_prices;
set local lock_timeout to default;

-- Up to when each segment of an account is told completely: what is not listed then was not held.
create function portfolio.complete()
returns table (account_id uuid, segment text, statement_on date, taken_at time)
language plpgsql stable as $$
#variable_conflict use_column
begin
    return query select account_id, segment, statement_on, taken_at from portfolio.statements;
end $$;

revoke all on function portfolio.complete from public;
grant execute on function portfolio.complete to svc_portfolio, svc_transactions;
