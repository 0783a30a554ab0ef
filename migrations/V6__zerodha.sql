-- Connections to Zerodha: a person's own, inside a workspace.

-- Puts a table behind two walls: only the rows of whoever entered, in the workspace they entered, are seen or
-- written. A workspace's other members do not see them, admins neither.
create procedure platform.protect_personal(table_name regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', table_name);
    execute format('alter table %s force row level security', table_name);
    execute format(
        'create policy personal on %s
         using (workspace_id = nullif(current_setting(''app.workspace_id'', true), '''')::uuid
                and user_id = nullif(current_setting(''app.user_id'', true), '''')::uuid)
         with check (workspace_id = nullif(current_setting(''app.workspace_id'', true), '''')::uuid
                and user_id = nullif(current_setting(''app.user_id'', true), '''')::uuid)',
        table_name
    );
end $$;

create table brokers.connections (
    workspace_id uuid not null,
    connection_id uuid not null,
    user_id uuid not null,
    -- The Kite app it was made with: an installation may have several.
    api_key text not null,
    kite_user_id text not null,
    user_name text,
    account_id uuid not null,
    state text not null constraint connections_state check (state in ('connected', 'expired', 'revoked', 'error')),
    -- Why it is in this state: a stable word.
    reason text not null,
    -- The access token, sealed; there is one only while it is connected.
    token_sealed bytea,
    sealing_key text,
    connected_at timestamptz not null,
    expires_at timestamptz not null,
    changed_at timestamptz not null default now(),
    constraint connections_pk primary key (workspace_id, connection_id),
    constraint connections_account foreign key (workspace_id, account_id)
        references brokers.accounts (workspace_id, account_id) on delete cascade,
    constraint connections_token check ((state = 'connected') = (token_sealed is not null and sealing_key is not null))
);
create index connections_connected on brokers.connections (expires_at) where state = 'connected';
comment on table brokers.connections is 'A person''s connection to their Zerodha account. connected → expired (06:00 IST) → connected; revoked; error.';

create table brokers.kite_accounts (
    -- HMAC of the account's id: whoever reads this table learns no ids.
    account_hmac bytea constraint kite_accounts_pk primary key,
    workspace_id uuid not null,
    connection_id uuid not null
);
comment on table brokers.kite_accounts is 'Which connection a Zerodha account belongs to: one, in all of the installation.';

call platform.protect_personal('brokers.connections');
call platform.protect_identity('brokers.kite_accounts');
create policy system on brokers.connections to km_system using (true) with check (true);
grant usage on schema brokers to km_system;
grant trigger on workspaces.members to km_system;
grant select, insert, update, delete on brokers.connections to km_system;
grant select, insert, update, delete on brokers.connections to svc_brokers;
grant execute on function brokers.link_account to svc_brokers;

set local role km_system;

-- Finds or makes the connection of a Zerodha account that whoever entered has just proved to be theirs; belongs into
-- the transaction that stores its token. Outcomes: 'new'; 'known'; 'moved' (from where it was, where it is revoked
-- now); 'elsewhere' (it belongs to another connection, and `p_move` did not ask for it).
create function tenant.claim_kite_account(p_account_hmac bytea, p_connection uuid, p_move boolean)
returns table (outcome text, connection_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    here uuid := current_setting('app.workspace_id')::uuid;
    person uuid := current_setting('app.user_id')::uuid;
    owned brokers.kite_accounts;
    held brokers.connections;
begin
    loop
        insert into brokers.kite_accounts (account_hmac, workspace_id, connection_id)
        values (p_account_hmac, here, p_connection)
        on conflict on constraint kite_accounts_pk do nothing;
        if found then
            return query select 'new', p_connection; return;
        end if;
        select * into owned from brokers.kite_accounts k where k.account_hmac = p_account_hmac for update;
        -- It was disconnected in between: it is free.
        exit when owned.account_hmac is not null;
    end loop;
    select * into held from brokers.connections c
    where c.workspace_id = owned.workspace_id and c.connection_id = owned.connection_id for update;
    if held.workspace_id = here and held.user_id = person then
        return query select 'known', held.connection_id; return;
    end if;
    if held.connection_id is not null and not p_move then
        return query select 'elsewhere', null::uuid; return;
    end if;
    update brokers.connections c
    set state = 'revoked', reason = 'moved', token_sealed = null, sealing_key = null, changed_at = now()
    where c.workspace_id = owned.workspace_id and c.connection_id = owned.connection_id;
    update brokers.kite_accounts k set workspace_id = here, connection_id = p_connection
    where k.account_hmac = p_account_hmac;
    if held.connection_id is not null then
        perform tenant.write_audit(held.workspace_id, held.user_id, null, 'connection.moved', held.connection_id::text,
                                   null, current_setting('app.request_id', true), null);
    end if;
    return query select 'moved', p_connection;
end $$;

-- Ends whoever's connection it is, of those who entered: the row and its claim go. No row: it is not theirs.
create function tenant.disconnect_kite(p_connection uuid) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- The claim first, as claiming does: two who lock in one order do not lock each other.
    perform from brokers.kite_accounts k
    where k.workspace_id = current_setting('app.workspace_id')::uuid and k.connection_id = p_connection for update;
    delete from brokers.connections c
    where c.workspace_id = current_setting('app.workspace_id')::uuid
      and c.user_id = current_setting('app.user_id')::uuid and c.connection_id = p_connection;
    if not found then
        return false;
    end if;
    delete from brokers.kite_accounts k
    where k.workspace_id = current_setting('app.workspace_id')::uuid and k.connection_id = p_connection;
    perform tenant.audit('connection.removed', p_connection::text, null);
    return true;
end $$;

-- At six in the morning tokens are no tokens any more; they are not kept.
create function tenant.expire_connections(p_now timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    expired bigint;
begin
    update brokers.connections c
    set state = 'expired', reason = 'daily_expiry', token_sealed = null, sealing_key = null, changed_at = p_now
    where c.state = 'connected' and c.expires_at <= p_now;
    get diagnostics expired = row_count;
    return expired;
end $$;

-- Tokens that are sealed under another key than this one.
create function tenant.sealed_otherwise(p_key text, p_most int)
returns table (workspace_id uuid, user_id uuid, connection_id uuid, token_sealed bytea, sealing_key text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select c.workspace_id, c.user_id, c.connection_id, c.token_sealed, c.sealing_key
    from brokers.connections c where c.state = 'connected' and c.sealing_key <> p_key
    order by c.connection_id limit p_most
$$;

-- Puts a token under another key, unless it was replaced meanwhile.
create function tenant.reseal(p_workspace uuid, p_connection uuid, p_was bytea, p_sealed bytea, p_key text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update brokers.connections c set token_sealed = p_sealed, sealing_key = p_key
    where c.workspace_id = p_workspace and c.connection_id = p_connection and c.token_sealed = p_was;
    return found;
end $$;

-- Who is no member any more has no connections there.
create function tenant.drop_connections() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from brokers.kite_accounts k using brokers.connections c
    where c.workspace_id = old.workspace_id and c.user_id = old.user_id
      and k.workspace_id = c.workspace_id and k.connection_id = c.connection_id;
    delete from brokers.connections c where c.workspace_id = old.workspace_id and c.user_id = old.user_id;
    return old;
end $$;

create trigger drop_connections after delete on workspaces.members
    for each row execute function tenant.drop_connections();

revoke all on all functions in schema tenant from public;
grant execute on function
    tenant.claim_kite_account, tenant.disconnect_kite, tenant.expire_connections, tenant.sealed_otherwise, tenant.reseal
    to svc_brokers;
set local role km_owner;
revoke trigger on workspaces.members from km_system;
