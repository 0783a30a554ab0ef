-- Whether a place in a workspace is believed: one of our own making always, one in another issuer's organisation for
-- a week after the issuer last spoke of it.
create or replace function tenant.is_believed(p_confirmed_at timestamptz) returns boolean
language sql stable as $$
    select p_confirmed_at is null or p_confirmed_at > now() - interval '7 days'
$$;
