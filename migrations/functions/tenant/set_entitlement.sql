-- Sets the tier of somebody, for an operator. False when there is no such person.
create or replace function tenant.set_entitlement(p_user uuid, p_tier text, p_until timestamptz, p_reason text)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from auth.users u where u.user_id = p_user and u.erased_at is null;
    if not found then
        return false;
    end if;
    insert into billing.entitlements (user_id, tier, until, reason) values (p_user, p_tier, p_until, p_reason)
    on conflict on constraint entitlements_pk do update
    set tier = excluded.tier, until = excluded.until, reason = excluded.reason, set_at = now();
    perform tenant.write_audit(
        null, p_user, null, 'entitlement.set', p_user::text,
        jsonb_build_object('tier', p_tier, 'until', p_until, 'reason', p_reason), null, null);
    return true;
end $$;
