set local role km_owner;
-- The newest price again: what it is sorted by is what the index is sorted by, since 'nse' comes after 'amfi'. A book of
-- fifty holdings asks this fifty times, and each time sorted two rows.
create or replace function transactions.price_on(p_isin text, p_day date)
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
    order by p.on_date desc, p.source desc
    limit 1
$$;
-- Another source has a place in that order to find first.
alter table transactions.prices add constraint prices_source check (source in ('amfi', 'nse'));
