-- Whether whoever pays for the entered workspace is on Pro now.
create or replace function tenant.is_pro() returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return exists (select from billing.entitlements e
                   where e.user_id = tenant.payer() and e.tier = 'pro' and (e.until is null or e.until > now()));
end $$;
