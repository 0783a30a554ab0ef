-- The symbol that a security goes by is the first entry of an index, and is read from it: a book asks for one of each of its
-- securities.
set local role km_owner;

drop index transactions.symbols_by_isin;
create index symbols_by_isin on transactions.symbols (isin, valid_to desc, exchange) include (symbol);
