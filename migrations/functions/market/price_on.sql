-- An index gives what it has of a security on a page before the newest of it is taken: a book of fifty holdings looked at
-- ten thousand prices. A price is nearly always of the week before the day; what is older is asked for where there is none.
create or replace function market.price_on(p_isin text, p_day date)
returns table (close numeric, previous numeric, on_date date, source text)
language sql stable as $$
    select p.close,
           coalesce(p.previous_close, (
               select b.close from market.prices b
               where b.isin = p.isin and b.on_date < p.on_date and b.source = p.source
               order by b.on_date desc limit 1)),
           p.on_date, p.source
    from (
        (select * from market.prices w
         where w.isin = p_isin and w.on_date <= p_day and w.on_date > p_day - 7
         order by w.on_date desc, w.source desc
         limit 1)
        union all
        (select * from market.prices o
         where o.isin = p_isin and o.on_date <= p_day - 7
           and not exists (
               select from market.prices w
               where w.isin = p_isin and w.on_date <= p_day and w.on_date > p_day - 7)
         order by o.on_date desc, o.source desc
         limit 1)
        limit 1
    ) p
$$;
