-- The symbol a security was seen with last.
create or replace function market.newest_symbol(p_isin text) returns text
language sql stable as $$
    select y.symbol from market.symbols y
    where y.isin = p_isin
    order by y.valid_to desc, y.exchange, y.symbol
    limit 1
$$;
