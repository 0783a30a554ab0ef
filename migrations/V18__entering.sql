-- Entering answers without a query of its own, what complete statements say is asked by a plan that is kept, and the table
-- that quotes took the place of is gone.
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

set local role km_system;

-- Enters a workspace as its member. Raises KM401 (session), KM404 (no member), KM403 (role).
create or replace function tenant.enter(
    p_session uuid, p_user uuid, p_workspace uuid, p_roles text[], p_request text, p_address text
) returns table (role text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    open boolean;
begin
    select s.revoked_at is null and s.expires_at > now(), m.role into open, role
    from auth.sessions s
    left join workspaces.members m on m.user_id = s.user_id and m.workspace_id = p_workspace
        and (m.confirmed_at is null or s.organisation_workspace = p_workspace)
    where s.session_id = p_session and s.user_id = p_user;
    if open is not true then
        raise exception 'session ended' using errcode = 'KM401';
    end if;
    if role is null then
        raise exception 'not a member' using errcode = 'KM404';
    end if;
    if not role = any (p_roles) then
        raise exception 'role not allowed' using errcode = 'KM403';
    end if;
    perform set_config('app.workspace_id', p_workspace::text, true),
            set_config('app.role', role, true),
            set_config('app.user_id', p_user::text, true),
            set_config('app.session_id', p_session::text, true),
            set_config('app.key_id', '', true),
            set_config('app.request_id', p_request, true),
            set_config('app.address', p_address, true),
            set_config('statement_timeout', '10s', true);
    return next;
end $$;
set local role km_owner;
