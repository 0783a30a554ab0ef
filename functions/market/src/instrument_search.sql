-- $1 the query in upper case, $2 the same escaped for LIKE, $3 in lower case and escaped, $4 day of the prices,
-- $5 and $6 rank and ISIN to go on after (null from the beginning), $7 how many.
with matched as (
    select i.isin, i.name, i.class, i.sector, i.source, s.symbol,
           case
               when i.isin = $1 or s.symbol = $1 then 1
               when s.symbol like $2 || '%' then 2
               when lower(i.name) like $3 || '%' then 3
               else 4
           end as rank
    from market.instruments i
    left join market.quotes s on s.isin = i.isin
    where i.isin = $1 or s.symbol like $2 || '%' or lower(i.name) like '%' || $3 || '%'
), page as (
    select * from matched
    where $5 is null or (rank, isin) > ($5, $6)
    order by rank, isin
    limit $7
)
select page.*, p.close, p.on_date
from page left join lateral market.price_on(page.isin, $4) p on true
order by page.rank, page.isin
