-- One rule for who may enter which workspace, shares of computing, and an audit log that has every change.

-- ---------------------------------------------------------------- who may enter

create unique index organisations_by_workspace on auth.organisations (workspace_id);

alter table auth.exports add column organisation_workspace uuid;
comment on column auth.exports.organisation_workspace is
    'The workspace of the organisation that the session was opened for, which asked: the export has what it could enter.';

alter table auth.sessions add column address_sha256 bytea;
comment on column auth.sessions.address_sha256 is
    'The hash of e-mail and network address it was opened with: its person is not locked out there by strangers elsewhere.';

-- Places and workspaces are read through the rule alone.
drop policy own on workspaces.workspaces;
drop policy own on workspaces.members;
revoke select on workspaces.workspaces, workspaces.members from svc_auth, svc_workspaces;

-- ---------------------------------------------------------------- shares of computing

-- Unlogged: after a crash everybody has a full share again.
create unlogged table auth.shares (
    user_id uuid constraint shares_pk primary key constraint shares_user references auth.users,
    -- How many requests are left until then; nothing is said of later ones.
    requests_left integer not null,
    counted_until timestamptz not null
);
comment on table auth.shares is 'How many requests that work a whole book out a person has left.';
call platform.protect_identity('auth.shares');

-- ---------------------------------------------------------------- uses of keys

create table access.key_uses (
    workspace_id uuid not null constraint key_uses_workspace references workspaces.workspaces,
    key_id text not null,
    scope text not null,
    -- The beginning of the hour.
    hour timestamptz not null,
    uses bigint not null,
    -- The entry of the audit log that tells of the hour.
    entry_id uuid not null,
    constraint key_uses_pk primary key (workspace_id, key_id, scope, hour)
);
create index key_uses_by_entry on access.key_uses (entry_id);
comment on table access.key_uses is 'How often a key was used in an hour; the audit log has one entry for it.';
call platform.protect_identity('access.key_uses');

drop function portfolio.freshness;
drop function portfolio.complete;

set local role km_system;

-- Whether a place in a workspace is believed: one of our own making always, one in another issuer's organisation for
-- a week after the issuer last spoke of it.
create function tenant.is_believed(p_confirmed_at timestamptz) returns boolean
language sql stable as $$
    select p_confirmed_at is null or p_confirmed_at > now() - interval '7 days'
$$;

-- The workspaces a person may enter now: the one rule, which every way in asks. A place in another issuer's
-- organisation is entered only by what was made for that organisation (`p_organisation`: the workspace of the session's
-- organisation, of the key, of the export's session, of the file that waits), and only while it is believed.
-- Where nobody is left who leads the organisation's workspace it is `read_only` until somebody does.
create function tenant.places(p_user uuid, p_organisation uuid)
returns table (workspace_id uuid, role text, read_only boolean, joined_at timestamptz)
language sql stable as $$
    select m.workspace_id, m.role,
           exists (select from auth.organisations o where o.workspace_id = m.workspace_id)
           and not exists (select from workspaces.members l
                           where l.workspace_id = m.workspace_id and l.role in ('owner', 'admin')
                             and tenant.is_believed(l.confirmed_at)),
           m.joined_at
    from workspaces.members m
    where m.user_id = p_user
      and (m.confirmed_at is null or m.workspace_id = p_organisation and tenant.is_believed(m.confirmed_at))
$$;

-- ---------------------------------------------------------------- forms that skip later rules

drop function tenant.publish_refresh(date, uuid, int);
drop function tenant.enter(uuid, uuid, uuid, text[]);
drop function tenant.open_session(uuid, uuid, timestamptz);
drop function tenant.register(uuid, text, text, text, timestamptz, uuid, text, jsonb);

-- ---------------------------------------------------------------- entering

-- Enters a workspace. Raises KM401 (no such session), KM404 (not a member), KM403 (role), KM406 (read-only for now).
create or replace function tenant.enter(
    p_session uuid, p_user uuid, p_workspace uuid, p_roles text[], p_request text, p_address text
) returns table (role text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    open boolean;
    member_role text;
    read_only boolean;
begin
    select s.revoked_at is null and s.expires_at > now(), p.role, p.read_only into open, member_role, read_only
    from auth.sessions s
    left join tenant.places(p_user, s.organisation_workspace) p on p.workspace_id = p_workspace
    where s.session_id = p_session and s.user_id = p_user;
    if open is not true then
        raise exception 'session ended' using errcode = 'KM401';
    end if;
    perform tenant.check_place(member_role, read_only, p_roles);
    perform set_config('app.workspace_id', p_workspace::text, true),
            set_config('app.role', member_role, true),
            set_config('app.user_id', p_user::text, true),
            set_config('app.session_id', p_session::text, true),
            set_config('app.key_id', '', true),
            set_config('app.request_id', p_request, true),
            set_config('app.address', p_address, true),
            set_config('statement_timeout', '10s', true);
    return query select member_role;
end $$;

-- Raises KM404, KM403 or KM406 unless a place allows one of the roles. A route that viewers may call writes nothing of
-- the workspace's.
create function tenant.check_place(p_role text, p_read_only boolean, p_roles text[]) returns void
language plpgsql as $$
begin
    if p_role is null then
        raise exception 'not a member' using errcode = 'KM404';
    end if;
    if not p_role = any (p_roles) then
        raise exception 'role not allowed' using errcode = 'KM403';
    end if;
    if p_read_only and not 'viewer' = any (p_roles) then
        raise exception 'nobody leads the workspace' using errcode = 'KM406';
    end if;
end $$;

-- Enters by an API key: as who made it, within their present role, for one of its scopes. Raises KM402 (no such
-- key, revoked or expired), KM429 (no request is left), KM404, KM403 and KM406 as entering by a session does, KM405
-- (scope). Counting the request, the transaction's last statement, writes its use down.
create or replace function tenant.enter_key(
    p_key text, p_secret_sha256 bytea, p_scope text, p_roles text[], p_request text, p_address text
) returns table (workspace_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    k access.api_keys;
    member_role text;
    read_only boolean;
begin
    select a.* into k from access.api_keys a
    where a.key_id = p_key and a.secret_sha256 = p_secret_sha256
      and a.revoked_at is null and (a.expires_at is null or a.expires_at > now());
    if k.key_id is null then
        raise exception 'no such key' using errcode = 'KM402';
    end if;
    if k.requests_left <= 0 and k.counted_until > now() then
        raise exception 'no request is left' using errcode = 'KM429';
    end if;
    select p.role, p.read_only into member_role, read_only
    from tenant.places(k.user_id, k.workspace_id) p where p.workspace_id = k.workspace_id;
    perform tenant.check_place(member_role, read_only, p_roles);
    if not p_scope = any (k.scopes) then
        raise exception 'scope not granted' using errcode = 'KM405';
    end if;
    perform set_config('app.workspace_id', k.workspace_id::text, true),
            set_config('app.role', member_role, true),
            set_config('app.user_id', k.user_id::text, true),
            set_config('app.session_id', '', true),
            set_config('app.key_id', k.key_id, true),
            set_config('app.key_scope', p_scope, true),
            set_config('app.request_id', p_request, true),
            set_config('app.address', p_address, true),
            set_config('statement_timeout', '10s', true);
    return query select k.workspace_id;
end $$;

-- Counts a request by the key that entered, of so many in so many seconds, or raises KM429; and its use in this hour,
-- which the audit log has once. The last statement of its transaction: requests by one key wait for each other from here
-- on, and not for what each of them asks.
create or replace function tenant.count_key(p_most integer, p_window_s bigint)
returns table (requests_left integer, reset_s integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    workspace uuid := current_setting('app.workspace_id')::uuid;
    key text := current_setting('app.key_id');
    scope text := current_setting('app.key_scope');
    ends timestamptz := to_timestamp((floor(extract(epoch from clock_timestamp()) / p_window_s) + 1) * p_window_s);
    entry uuid := gen_random_uuid();
    entry_of_hour uuid;
begin
    -- Before the key: this locks the workspace, and so does whoever revokes keys, in this order.
    insert into access.key_uses as u (workspace_id, key_id, scope, hour, uses, entry_id)
    values (workspace, key, scope, date_trunc('hour', clock_timestamp()), 1, entry)
    on conflict on constraint key_uses_pk do update set uses = u.uses + 1
    returning u.entry_id into entry_of_hour;
    return query
    update access.api_keys k
    set requests_left = case when k.counted_until >= ends then k.requests_left else p_most end - 1,
        -- One that waited may be of a window that is over.
        counted_until = greatest(k.counted_until, ends),
        last_used_at = now()
    where k.workspace_id = workspace and k.key_id = key
      and (k.counted_until is null or k.counted_until < ends or k.requests_left > 0)
    returning k.requests_left, greatest(ceil(extract(epoch from k.counted_until - clock_timestamp())), 1)::integer;
    if not found then
        raise exception 'no request is left' using errcode = 'KM429';
    end if;
    if entry_of_hour = entry then
        perform tenant.write_audit(
            workspace, nullif(current_setting('app.user_id', true), '')::uuid, key, 'key.used', key,
            jsonb_build_object('scope', scope), nullif(current_setting('app.request_id', true), ''),
            nullif(current_setting('app.address', true), ''), entry);
    end if;
end $$;

-- Raises KM430 when whoever entered has no computing left until the window ends.
create function tenant.check_share() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from auth.shares s
    where s.user_id = nullif(current_setting('app.user_id', true), '')::uuid
      and s.requests_left <= 0 and s.counted_until > now();
    if found then
        raise exception 'no computing is left' using errcode = 'KM430';
    end if;
end $$;

-- Counts a request that works a whole book out against the share of whoever entered, of so many in so many seconds, or
-- raises KM430. One of the transaction's last statements, as `count_key`.
create function tenant.count_share(p_most integer, p_window_s bigint)
returns table (requests_left integer, reset_s integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    ends timestamptz := to_timestamp((floor(extract(epoch from clock_timestamp()) / p_window_s) + 1) * p_window_s);
begin
    return query
    insert into auth.shares as s (user_id, requests_left, counted_until)
    values (current_setting('app.user_id')::uuid, p_most - 1, ends)
    on conflict on constraint shares_pk do update
    set requests_left = case when s.counted_until >= ends then s.requests_left else p_most end - 1,
        counted_until = greatest(s.counted_until, ends)
    where s.counted_until < ends or s.requests_left > 0
    returning s.requests_left, greatest(ceil(extract(epoch from s.counted_until - clock_timestamp())), 1)::integer;
    if not found then
        raise exception 'no computing is left' using errcode = 'KM430';
    end if;
end $$;

-- Whether somebody may, at this moment, write the portfolio of the workspace that was entered: for files that wait.
create or replace function tenant.may_write(p_user uuid) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from tenant.places(p_user, nullif(current_setting('app.workspace_id', true), '')::uuid) p
        where p.workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid
          and p.role in ('owner', 'admin', 'analyst') and not p.read_only)
$$;

-- The connection that reads an account of the workspace that was entered, with its sealed token: for the function that
-- reads it, which nobody signs in to. Of who may enter no more nothing is read.
create or replace function tenant.connection_of(p_account uuid)
returns table (connection_id uuid, user_id uuid, api_key text, token_sealed bytea, sealing_key text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select c.connection_id, c.user_id, c.api_key, c.token_sealed, c.sealing_key
    from brokers.connections c
    join tenant.places(c.user_id, c.workspace_id) p on p.workspace_id = c.workspace_id
    where c.workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid and c.account_id = p_account
      and c.state = 'connected' and c.expires_at > now()
    order by c.connected_at desc limit 1
$$;

-- ---------------------------------------------------------------- the workspaces of a person

-- The workspaces that whoever entered may enter by what they entered with.
create function tenant.own_workspaces()
returns table (workspace_id uuid, name text, kind text, role text, created_at timestamptz, joined_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select w.workspace_id, w.name, w.kind, p.role, w.created_at, p.joined_at
    from auth.sessions s
    cross join lateral tenant.places(s.user_id, s.organisation_workspace) p
    join workspaces.workspaces w on w.workspace_id = p.workspace_id
    where s.session_id = nullif(current_setting('app.session_id', true), '')::uuid
$$;

-- Leads the session that entered to another workspace; KM404 when its person may not enter it.
create or replace function tenant.lead_session(p_workspace uuid) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    member_role text;
begin
    select o.role into member_role from tenant.own_workspaces() o where o.workspace_id = p_workspace;
    if member_role is null then
        raise exception 'not a member' using errcode = 'KM404';
    end if;
    update auth.sessions s set workspace_id = p_workspace
    where s.session_id = nullif(current_setting('app.session_id', true), '')::uuid;
    return member_role;
end $$;

-- Where a session of no organisation begins: the personal workspace, else the first that was joined.
create function tenant.first_place(p_user uuid) returns uuid
language sql stable as $$
    select p.workspace_id
    from tenant.places(p_user, null) p join workspaces.workspaces w on w.workspace_id = p.workspace_id
    order by w.kind = 'personal' desc, p.joined_at, p.workspace_id limit 1
$$;

drop function tenant.credential(text);

-- The credential of one e-mail address, with the workspace its person's session begins in, and whether a session of
-- theirs was opened from the same place before.
create function tenant.credential(p_email text, p_address_sha256 bytea)
returns table (user_id uuid, password_hash text, workspace_id uuid, familiar boolean)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select c.user_id, c.password_hash, tenant.first_place(c.user_id),
           exists (select from auth.sessions s where s.user_id = c.user_id and s.address_sha256 = p_address_sha256)
    from auth.credentials c join auth.users u on u.user_id = c.user_id
    where c.email = p_email and u.erased_at is null
$$;

drop function tenant.open_session(uuid, uuid, text, uuid, timestamptz, bytea, text, text);

-- Opens a session with its first refresh token, if the password that was checked is still the person's: a reset or an
-- erasure that came between is waited for and counts.
create function tenant.open_session(
    p_session uuid, p_user uuid, p_password_hash text, p_workspace uuid, p_expires_at timestamptz, p_refresh_sha256 bytea,
    p_request text, p_address text, p_address_sha256 bytea
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from auth.credentials c join auth.users u on u.user_id = c.user_id
    where c.user_id = p_user and c.password_hash = p_password_hash and u.erased_at is null
    for share of c, u;
    if not found then
        return false;
    end if;
    insert into auth.sessions (session_id, user_id, workspace_id, expires_at, address_sha256)
    values (p_session, p_user, p_workspace, p_expires_at, p_address_sha256);
    insert into auth.refresh_tokens (token_sha256, session_id) values (p_refresh_sha256, p_session);
    perform tenant.write_audit(p_workspace, p_user, null, 'session.opened', p_session::text, null, p_request, p_address);
    return true;
end $$;

-- Uses a refresh token up and puts its successor in its place. Outcomes:
--   rotated         the successor counts from now on
--   retried         the token was used within 30 seconds and its successor not yet: `sealed` is that successor
--   reused          the token was used before, so somebody else has it. The session is ended, and nothing is raised: an
--                   error would undo that.
--   ended           the session has ended
--   unknown         there is no such token
--   not_a_member    the person may not enter that workspace; the token can be used again
-- Two at once wait for each other on the token's row, and the second is a retry.
create or replace function tenant.rotate_refresh(
    p_token_sha256 bytea, p_successor_sha256 bytea, p_sealed bytea, p_workspace uuid, p_request text, p_address text
) returns table (outcome text, user_id uuid, session_id uuid, workspace_id uuid, sealed bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    token auth.refresh_tokens;
    session auth.sessions;
    workspace uuid;
    successor_unused boolean;
begin
    select * into token from auth.refresh_tokens t where t.token_sha256 = p_token_sha256 for update;
    select * into session from auth.sessions s where s.session_id = token.session_id for update;
    if session.session_id is null or session.revoked_at is not null or session.expires_at <= now() then
        return query select case when session.session_id is null then 'unknown' else 'ended' end,
                            null::uuid, null::uuid, null::uuid, null::bytea;
        return;
    end if;
    select t.used_at is null into successor_unused
    from auth.refresh_tokens t where t.token_sha256 = token.successor_sha256;
    if token.used_at is not null and not (successor_unused and token.used_at > now() - interval '30 seconds') then
        update auth.sessions s set revoked_at = now(), ended_because = 'refresh_reused'
        where s.session_id = session.session_id;
        perform tenant.write_audit(
            session.workspace_id, session.user_id, null, 'session.refresh_reused', session.session_id::text, null,
            p_request, p_address);
        return query select 'reused', session.user_id, session.session_id, session.workspace_id, null::bytea;
        return;
    end if;
    select p.workspace_id into workspace
    from tenant.places(session.user_id, session.organisation_workspace) p
    join workspaces.workspaces w on w.workspace_id = p.workspace_id
    where p_workspace is null or p.workspace_id = p_workspace
    order by p.workspace_id is not distinct from session.workspace_id desc, w.kind = 'personal' desc, p.joined_at limit 1;
    if workspace is null then
        return query select 'not_a_member', null::uuid, null::uuid, null::uuid, null::bytea;
        return;
    end if;
    update auth.sessions s set workspace_id = workspace where s.session_id = session.session_id;
    if token.used_at is not null then
        return query select 'retried', session.user_id, session.session_id, workspace, token.successor_sealed;
        return;
    end if;
    update auth.refresh_tokens t
    set used_at = now(), successor_sha256 = p_successor_sha256, successor_sealed = p_sealed
    where t.token_sha256 = p_token_sha256;
    insert into auth.refresh_tokens (token_sha256, session_id) values (p_successor_sha256, session.session_id);
    return query select 'rotated', session.user_id, session.session_id, workspace, null::bytea;
end $$;

-- Opens a session for a subject of another issuer. The first time it makes the person and their personal workspace:
-- of many at once one wins, and the others find what it made; an erasure that came between is waited for. With an
-- organisation the session is for its workspace, made the first time, too, and lives an hour: whoever leaves the
-- organisation gets no other. The issuer decides who is an admin; who owns the workspace, `tenant.join_organisation`.
create or replace function tenant.sign_in_external(
    p_issuer text, p_subject text, p_email text, p_name text, p_user uuid, p_workspace uuid,
    p_organisation text, p_organisation_workspace uuid, p_role text,
    p_session uuid, p_session_expires_at timestamptz, p_refresh_sha256 bytea, p_request text, p_address text
) returns table (user_id uuid, workspace_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    person uuid;
    workspace uuid;
begin
    select i.user_id into person from auth.identities i join auth.users u on u.user_id = i.user_id
    where i.issuer = p_issuer and i.subject = p_subject and u.erased_at is null for share of i, u;
    if person is null then
        insert into auth.users (user_id, email, name) values (p_user, coalesce(p_email, ''), p_name);
        insert into auth.identities (issuer, subject, user_id) values (p_issuer, p_subject, p_user)
        on conflict on constraint identities_pk do nothing;
        if found then
            person := p_user;
            insert into workspaces.workspaces (workspace_id, name, kind) values (p_workspace, 'Personal', 'personal');
            insert into workspaces.members (workspace_id, user_id, role) values (p_workspace, person, 'owner');
        else
            delete from auth.users u where u.user_id = p_user;
            select i.user_id into strict person from auth.identities i join auth.users u on u.user_id = i.user_id
            where i.issuer = p_issuer and i.subject = p_subject and u.erased_at is null for share of i, u;
        end if;
    end if;
    if p_organisation is null then
        workspace := tenant.first_place(person);
    else
        workspace := tenant.join_organisation(
            p_issuer, p_organisation, p_organisation_workspace, person, p_role, p_request, p_address);
    end if;
    insert into auth.sessions (session_id, user_id, workspace_id, organisation_workspace, expires_at)
    values (p_session, person, workspace, case when p_organisation is not null then workspace end,
            case when p_organisation is null then p_session_expires_at
                 else least(p_session_expires_at, now() + interval '1 hour') end);
    insert into auth.refresh_tokens (token_sha256, session_id) values (p_refresh_sha256, p_session);
    perform tenant.write_audit(
        workspace, person, null, 'session.opened', p_session::text, jsonb_build_object('issuer', p_issuer), p_request, p_address);
    return query select person, workspace;
end $$;


-- ---------------------------------------------------------------- organisations

-- Finds or makes the workspace of an organisation and the person's place in it, as the issuer says now. The first admin
-- owns it. An owner stays one while the issuer confirms them, whatever it says of their role; when it has not for a
-- week, the admin who has been there longest, those whom the issuer confirms first, takes the place.
create or replace function tenant.join_organisation(
    p_issuer text, p_organisation text, p_candidate uuid, p_user uuid, p_role text, p_request text, p_address text
) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    workspace uuid;
    before text;
    after text;
    owned boolean;
begin
    select o.workspace_id into workspace from auth.organisations o
    where o.issuer = p_issuer and o.organisation = p_organisation;
    if workspace is null then
        insert into workspaces.workspaces (workspace_id, name, kind) values (p_candidate, p_organisation, 'client');
        insert into auth.organisations (issuer, organisation, workspace_id) values (p_issuer, p_organisation, p_candidate)
        on conflict on constraint organisations_pk do nothing;
        if not found then
            delete from workspaces.workspaces w where w.workspace_id = p_candidate;
        end if;
        select o.workspace_id into workspace from auth.organisations o
        where o.issuer = p_issuer and o.organisation = p_organisation;
    end if;
    -- Two first admins at once wait for each other here.
    perform from workspaces.workspaces w where w.workspace_id = workspace for update;
    select m.role into before from workspaces.members m where m.workspace_id = workspace and m.user_id = p_user;
    select exists (select from workspaces.members m
                   where m.workspace_id = workspace and m.role = 'owner' and m.user_id <> p_user) into owned;
    after := case
        when before = 'owner' and (p_role = 'admin' or not owned) then 'owner'
        when p_role = 'admin' then case when owned then 'admin' else 'owner' end
        -- What was given here below an admin's place stays.
        when before = 'analyst' then 'analyst'
        else 'viewer' end;
    insert into workspaces.members as m (workspace_id, user_id, role, confirmed_at)
    values (workspace, p_user, after, now())
    on conflict on constraint members_pk do update set role = excluded.role, confirmed_at = now();
    if before is distinct from after then
        if after not in ('owner', 'admin') then
            delete from workspaces.invitations i
            where i.workspace_id = workspace and i.invited_by = p_user and i.accepted_at is null;
        end if;
        perform tenant.write_audit(
            workspace, p_user, null, case when before is null then 'member.joined' else 'member.role_changed' end,
            p_user::text, jsonb_build_object('from', before, 'to', after, 'issuer', p_issuer), p_request, p_address);
    end if;
    perform tenant.replace_lost_owner(workspace, p_user, p_request, p_address);
    return workspace;
end $$;

-- Makes an admin the owner where no owner is believed any more; those who were become admins.
create function tenant.replace_lost_owner(p_workspace uuid, p_user uuid, p_request text, p_address text) returns void
language plpgsql as $$
declare
    heir uuid;
    lost uuid[];
begin
    if exists (select from workspaces.members m
               where m.workspace_id = p_workspace and m.role = 'owner' and tenant.is_believed(m.confirmed_at)) then
        return;
    end if;
    select m.user_id into heir from workspaces.members m
    where m.workspace_id = p_workspace and m.role = 'admin' and tenant.is_believed(m.confirmed_at)
    order by m.confirmed_at is null, m.joined_at, m.user_id limit 1;
    if heir is null then
        return;
    end if;
    with demoted as (
        update workspaces.members m set role = 'admin'
        where m.workspace_id = p_workspace and m.role = 'owner' returning m.user_id
    )
    select array_agg(d.user_id) into lost from demoted d;
    update workspaces.members m set role = 'owner' where m.workspace_id = p_workspace and m.user_id = heir;
    perform tenant.write_audit(
        p_workspace, p_user, null, 'workspace.owner_replaced', heir::text, jsonb_build_object('before', lost),
        p_request, p_address);
end $$;

-- Raises KM403 unless whoever entered may, at this moment, manage members.
create or replace function tenant.check_manager() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not tenant.manages(current_setting('app.workspace_id')::uuid, current_setting('app.user_id')::uuid) then
        raise exception 'role not allowed' using errcode = 'KM403';
    end if;
end $$;

-- Whether somebody may enter a workspace as one of its owners or admins, and is not about to be erased.
create function tenant.manages(p_workspace uuid, p_user uuid) returns boolean
language sql stable as $$
    select exists (
        select from tenant.places(p_user, p_workspace) p join auth.users u on u.user_id = p_user
        where p.workspace_id = p_workspace and p.role in ('owner', 'admin') and not p.read_only and u.erased_at is null)
$$;

-- Takes the place a token offers. Who is a member already keeps their role, and the token stays unused.
-- Outcomes: 'ok', 'expired' (used, too old, void because its maker may invite no more, or never made), 'already_member'.
-- The workspace is locked before its rows, as by everything that changes its members: nobody ends in a deadlock.
create or replace function tenant.accept_invitation(p_token_sha256 bytea)
returns table (outcome text, workspace_id uuid, name text, role text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    person uuid := current_setting('app.user_id')::uuid;
    offered workspaces.invitations;
    present text;
begin
    perform from workspaces.workspaces w
    where w.workspace_id = (select i.workspace_id from workspaces.invitations i where i.token_sha256 = p_token_sha256)
    for update;
    select i.* into offered from workspaces.invitations i
    where i.token_sha256 = p_token_sha256 and i.accepted_at is null and i.expires_at > now() for update;
    -- Whoever invited is not erased meanwhile, and may still invite.
    perform from auth.users u where u.user_id = offered.invited_by for share;
    if offered.invitation_id is null or not tenant.manages(offered.workspace_id, offered.invited_by) then
        return query select 'expired', null::uuid, null::text, null::text; return;
    end if;
    insert into workspaces.members (workspace_id, user_id, role)
    values (offered.workspace_id, person, offered.role)
    on conflict on constraint members_pk do nothing;
    if not found then
        select m.role into present from workspaces.members m
        where m.workspace_id = offered.workspace_id and m.user_id = person;
        return query select 'already_member', w.workspace_id, w.name, present
                     from workspaces.workspaces w where w.workspace_id = offered.workspace_id;
        return;
    end if;
    update workspaces.invitations i set accepted_at = now()
    where i.workspace_id = offered.workspace_id and i.invitation_id = offered.invitation_id;
    perform tenant.write_audit(
        offered.workspace_id, person, null, 'member.joined', person::text, jsonb_build_object('role', offered.role),
        current_setting('app.request_id', true), current_setting('app.address', true));
    return query select 'ok', w.workspace_id, w.name, offered.role
                 from workspaces.workspaces w where w.workspace_id = offered.workspace_id;
end $$;

-- Gives an invitation its token and answers where to mail it. No row: mailed, taken, expired or void.
create or replace function tenant.issue_invitation(p_invitation uuid, p_token_sha256 bytea)
returns table (email text, workspace text, inviter text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update workspaces.invitations i set token_sha256 = p_token_sha256
    from workspaces.workspaces w, auth.users u
    where i.invitation_id = p_invitation and w.workspace_id = i.workspace_id and u.user_id = i.invited_by
      and tenant.manages(i.workspace_id, i.invited_by)
      and i.mailed_at is null and i.accepted_at is null and i.expires_at > now()
    returning i.email, w.name, coalesce(u.name, u.email)
$$;

-- Makes another member who may enter the owner, and the present one an admin. Outcomes: 'ok', 'personal', 'not_found'.
create or replace function tenant.transfer_workspace(p_to uuid) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    workspace uuid := current_setting('app.workspace_id')::uuid;
    person uuid := current_setting('app.user_id')::uuid;
    kind text;
begin
    select w.kind into kind from workspaces.workspaces w where w.workspace_id = workspace for update;
    if kind = 'personal' then
        return 'personal';
    end if;
    -- Another transfer may have come first, while this one waited.
    perform from tenant.places(person, workspace) p where p.workspace_id = workspace and p.role = 'owner';
    if not found then
        raise exception 'role not allowed' using errcode = 'KM403';
    end if;
    perform from tenant.places(p_to, workspace) p where p.workspace_id = workspace and p_to <> person;
    if not found then
        return 'not_found';
    end if;
    update workspaces.members m set role = 'owner' where m.workspace_id = workspace and m.user_id = p_to;
    update workspaces.members m set role = 'admin' where m.workspace_id = workspace and m.user_id = person;
    perform tenant.audit('workspace.transferred', p_to::text, null);
    return 'ok';
end $$;

-- ---------------------------------------------------------------- registering

drop function tenant.verify_registration(uuid, bytea, uuid, uuid, text, uuid, timestamptz);

-- Checks a mailed code and, when it is right, makes the person, their personal workspace and a session.
-- Answers 'ok', 'wrong_code', 'too_many_attempts', 'already_registered' or 'expired'.
create or replace function tenant.verify_registration(
    p_registration uuid, p_code_sha256 bytea, p_user uuid, p_workspace uuid, p_workspace_name text,
    p_session uuid, p_session_expires_at timestamptz, p_refresh_sha256 bytea, p_request text, p_address text
) returns table (outcome text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    r auth.registrations;
begin
    select * into r from auth.registrations where registration_id = p_registration for update;
    if r.registration_id is null or r.used_at is not null or r.expires_at <= now() then
        return query select 'expired'; return;
    end if;
    if r.attempts >= 5 then
        return query select 'too_many_attempts'; return;
    end if;
    if r.code_sha256 is distinct from p_code_sha256 then
        update auth.registrations set attempts = attempts + 1 where registration_id = p_registration;
        return query select 'wrong_code'; return;
    end if;
    insert into auth.users (user_id, email, name) values (p_user, r.email, r.name);
    insert into auth.credentials (email, user_id, password_hash) values (r.email, p_user, r.password_hash)
    on conflict on constraint credentials_pk do nothing;
    if not found then
        delete from auth.users where user_id = p_user;
        return query select 'already_registered'; return;
    end if;
    update auth.registrations set used_at = now() where registration_id = p_registration;
    insert into workspaces.workspaces (workspace_id, name, kind) values (p_workspace, p_workspace_name, 'personal');
    insert into workspaces.members (workspace_id, user_id, role) values (p_workspace, p_user, 'owner');
    insert into auth.sessions (session_id, user_id, workspace_id, expires_at)
    values (p_session, p_user, p_workspace, p_session_expires_at);
    insert into auth.refresh_tokens (token_sha256, session_id) values (p_refresh_sha256, p_session);
    perform tenant.write_audit(
        p_workspace, p_user, null, 'person.registered', p_user::text, null, p_request, p_address);
    return query select 'ok';
end $$;

-- ---------------------------------------------------------------- audit

drop function tenant.write_audit(uuid, uuid, text, text, text, jsonb, text, text);

-- Adds an entry; every other function that does comes here.
create function tenant.write_audit(
    p_workspace uuid, p_user uuid, p_key text, p_action text, p_subject text, p_detail jsonb, p_request text, p_address text,
    p_entry uuid default gen_random_uuid()
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    sealing bytea;
begin
    if p_address is not null then
        insert into auth.person_keys (user_id, key)
        select u.user_id,
               sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
        from auth.users u where u.user_id = p_user and u.purged_at is null
        on conflict on constraint person_keys_pk do nothing;
        select k.key into sealing from auth.person_keys k where k.user_id = p_user;
    end if;
    insert into access.audit (entry_id, workspace_id, user_id, key_id, action, subject, detail, request_id, address_sealed)
    values (p_entry, p_workspace, p_user, p_key, p_action, p_subject, p_detail, p_request,
            -- As long as the longest address, so that its length says nothing.
            case when sealing is not null
                 then tenant.sealed(sealing, p_entry, convert_to(rpad(left(p_address, 45), 45), 'UTF8')) end);
end $$;

-- Adds an entry for a row that was written. Arguments: the action, the column of the subject, and what of the row is told,
-- as paths whose last word is its name.
create function tenant.audit_row() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    written jsonb := to_jsonb(new);
    detail jsonb;
begin
    select jsonb_object_agg(split_part(path, '.', -1), written #> string_to_array(path, '.')) into detail
    from unnest(tg_argv[2:]) path;
    perform tenant.write_audit(
        new.workspace_id,
        nullif(current_setting('app.user_id', true), '')::uuid,
        nullif(current_setting('app.key_id', true), ''),
        tg_argv[0], written ->> tg_argv[1], detail,
        nullif(current_setting('app.request_id', true), ''),
        nullif(current_setting('app.address', true), ''));
    return null;
end $$;

-- What a consumer writes has no address to unseal.
alter function tenant.sealed(bytea, uuid, bytea) strict;

-- The log of the workspace that was entered, newest first, from a place on. Who was erased has no address any more. A key
-- has an entry for each hour it was used in, with how often.
create or replace function tenant.audit_entries(p_before_at timestamptz, p_before uuid, p_most bigint)
returns table (entry_id uuid, at timestamptz, user_id uuid, key_id text, action text, subject text, detail jsonb,
               request_id text, address text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select a.entry_id, a.at, a.user_id, a.key_id, a.action, a.subject,
           case when u.uses is null then a.detail else a.detail || jsonb_build_object('hour', u.hour, 'uses', u.uses) end,
           a.request_id, rtrim(convert_from(tenant.sealed(k.key, a.entry_id, a.address_sealed), 'UTF8'))
    from access.audit a
    left join auth.person_keys k on k.user_id = a.user_id
    left join access.key_uses u on u.entry_id = a.entry_id
    where a.workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid
      and (p_before is null or (a.at, a.entry_id) < (p_before_at, p_before))
    order by a.at desc, a.entry_id desc limit p_most
$$;

create or replace function tenant.rename_person(p_name text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update auth.users set name = p_name
    where user_id = nullif(current_setting('app.user_id', true), '')::uuid;
    select tenant.audit('person.updated', current_setting('app.user_id', true), '{"changed": ["name"]}')
$$;

-- ---------------------------------------------------------------- what ends with a person's sessions

-- Revokes every API key of a person, in every workspace, and answers how many there were.
create function tenant.revoke_own_keys(p_user uuid) returns bigint
language plpgsql as $$
declare
    revoked bigint;
begin
    update access.api_keys k set revoked_at = now()
    where k.user_id = p_user and k.revoked_at is null and (k.expires_at is null or k.expires_at > now());
    get diagnostics revoked = row_count;
    return revoked;
end $$;

drop function tenant.log_out(boolean);

-- Ends the session that entered, or everything of its person's: every session and every API key. Answers how many ended.
create function tenant.log_out(p_everywhere boolean) returns table (sessions bigint, keys bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    person uuid := nullif(current_setting('app.user_id', true), '')::uuid;
begin
    update auth.sessions s set revoked_at = now(), ended_because = 'logged_out'
    where s.user_id = person
      and (p_everywhere or s.session_id = nullif(current_setting('app.session_id', true), '')::uuid)
      and s.revoked_at is null and s.expires_at > now();
    get diagnostics sessions = row_count;
    keys := case when p_everywhere then tenant.revoke_own_keys(person) else 0 end;
    perform tenant.audit(case when p_everywhere then 'session.closed_everywhere' else 'session.closed' end,
                         current_setting('app.session_id', true), jsonb_build_object('sessions', sessions, 'keys', keys));
    return next;
end $$;

-- Checks a mailed code and, when it is right, sets the password and ends every session and API key.
-- Answers 'ok', 'wrong_code', 'too_many_attempts' or 'expired'.
create or replace function tenant.reset_password(
    p_reset uuid, p_code_sha256 bytea, p_password_hash text, p_request text, p_address text
) returns table (outcome text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    r auth.resets;
    person uuid;
begin
    select * into r from auth.resets where reset_id = p_reset for update;
    if r.reset_id is null or r.used_at is not null or r.expires_at <= now() then
        return query select 'expired'; return;
    end if;
    if r.attempts >= 5 then
        return query select 'too_many_attempts'; return;
    end if;
    if r.code_sha256 is distinct from p_code_sha256 then
        update auth.resets set attempts = attempts + 1 where reset_id = p_reset;
        return query select 'wrong_code'; return;
    end if;
    update auth.credentials c set password_hash = p_password_hash
    from auth.users u
    where c.email = r.email and u.user_id = c.user_id and u.erased_at is null
    returning c.user_id into person;
    if person is null then
        return query select 'expired'; return;
    end if;
    -- Every other code for this address is void with it.
    update auth.resets set used_at = now() where email = r.email and used_at is null;
    update auth.sessions s set revoked_at = now(), ended_because = 'password_reset'
    where s.user_id = person and s.revoked_at is null;
    perform tenant.write_audit(
        null, person, null, 'password.reset', person::text, jsonb_build_object('keys', tenant.revoke_own_keys(person)),
        p_request, p_address);
    return query select 'ok';
end $$;

-- Erases whoever entered, softly: nobody signs in as them, and at `p_purge_after` everything is deleted.
-- Outcomes: 'ok'; 'last_owner' with the workspaces whose other members need an owner first; 'sign_in_again': the session
-- was not opened within the last ten minutes, so a token that was left somewhere erases nobody.
create or replace function tenant.erase_person(p_purge_after timestamptz) returns table (outcome text, workspace_ids uuid[])
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    person uuid := current_setting('app.user_id')::uuid;
    blocking uuid[];
begin
    perform from auth.sessions s
    where s.session_id = current_setting('app.session_id')::uuid and s.created_at > now() - interval '10 minutes';
    if not found then
        return query select 'sign_in_again', null::uuid[]; return;
    end if;
    -- The person before their workspaces, as a sign-in does.
    perform from auth.users u where u.user_id = person for no key update;
    perform from workspaces.workspaces w
    where w.workspace_id in (select m.workspace_id from workspaces.members m where m.user_id = person)
    order by w.workspace_id for update;
    select array_agg(o.workspace_id) into blocking
    from workspaces.members o
    join workspaces.workspaces w on w.workspace_id = o.workspace_id
    where o.user_id = person and o.role = 'owner' and w.kind <> 'personal'
      and not exists (select from workspaces.members m
                      where m.workspace_id = o.workspace_id and m.role = 'owner' and m.user_id <> person)
      and exists (select from workspaces.members m where m.workspace_id = o.workspace_id and m.user_id <> person);
    if blocking is not null then
        return query select 'last_owner', blocking; return;
    end if;
    perform tenant.audit('person.erased', person::text, null);
    perform tenant.end_person(person, now(), p_purge_after);
    return query select 'ok', null::uuid[];
end $$;

-- ---------------------------------------------------------------- exports

-- Remembers the asking session's organisation: the export has what that session could enter, and no more.
create or replace function tenant.ask_export(
    p_export uuid, p_event uuid, p_event_name text, p_event_body jsonb, p_trace text
) returns timestamptz
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into auth.exports (export_id, user_id, organisation_workspace)
    select p_export, s.user_id, s.organisation_workspace from auth.sessions s
    where s.session_id = current_setting('app.session_id')::uuid;
    insert into shared.outbox (event_id, workspace_id, event, body, trace)
    values (p_event, null, p_event_name, p_event_body, p_trace);
    perform tenant.audit('person.exported', p_export::text, null);
    return now();
end $$;

-- Everything held about whoever asked: of every table with people in it the rows that name them, by id or by e-mail
-- address; of every other table of a workspace its rows, for the workspaces they own and the asking session could enter.
-- What serves to sign in (hashes, sealed values) is left out, but for the addresses in their own audit entries. No row: done already, or erased since.
create or replace function tenant.collect_export(p_export uuid) returns table (document jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    asked auth.exports;
    address text;
    everything jsonb := '{}';
    t record;
    entered record;
    rows_of_one jsonb;
    found_rows jsonb;
begin
    select e.* into asked from auth.exports e join auth.users u on u.user_id = e.user_id
    where e.export_id = p_export and e.ready_at is null and u.erased_at is null;
    if asked.export_id is null then
        return;
    end if;
    -- Only an address that they proved here: another issuer's word for one opens nobody else's rows.
    select c.email into address from auth.credentials c where c.user_id = asked.user_id;
    for t in
        select n.nspname, c.relname,
               max(a.attname::text) filter (where a.attname in ('user_id', 'email')) as who,
               exists (select from pg_policy p where p.polrelid = c.oid and p.polname in ('tenant', 'personal')) as of_workspace
        from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
        where c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
          and n.nspname in (select s.nspname from pg_namespace s where s.nspowner = 'km_owner'::regrole)
          and has_table_privilege(c.oid, 'select')
          and n.nspname || '.' || c.relname not in (
              'access.audit', 'auth.person_keys', 'auth.shares', 'brokers.kite_accounts', 'shared.outbox', 'shared.event_claims', 'shared.idempotency_keys')
        group by c.oid, 1, 2 having bool_or(a.attname in ('user_id', 'email', 'workspace_id'))
        order by 1, 2
    loop
        found_rows := '[]';
        perform set_config('app.workspace_id', '', true);
        if t.who is not null and not t.of_workspace then
            -- `max` prefers the id where a table has both.
            execute format('select coalesce(jsonb_agg(to_jsonb(x)), ''[]'') from %I.%I x where x.%I::text = $1', t.nspname, t.relname, t.who)
            into found_rows using case when t.who = 'user_id' then asked.user_id::text else address end;
        else
            -- Within the tables' own policies: one's own rows wherever one is a member, whole tables where one is the owner.
            for entered in select p.workspace_id, p.role from tenant.places(asked.user_id, asked.organisation_workspace) p loop
                continue when t.who is null and entered.role <> 'owner';
                perform set_config('app.workspace_id', entered.workspace_id::text, true);
                execute format(
                    'select coalesce(jsonb_agg(to_jsonb(x)), ''[]'') from %I.%I x
                     where x.workspace_id = $1 and ($2 is null or to_jsonb(x) ->> $2 = $3)',
                    t.nspname, t.relname)
                into rows_of_one
                using entered.workspace_id, t.who, case when t.who = 'email' then address else asked.user_id::text end;
                found_rows := found_rows || rows_of_one;
            end loop;
        end if;
        if found_rows <> '[]' then
            everything := everything || jsonb_build_object(t.nspname || '.' || t.relname, (
                select jsonb_agg((
                    -- Permanent account numbers are masked as they are everywhere.
                    select jsonb_object_agg(f.key, regexp_replace(
                        f.value::text, '\m([A-Z]{2})[A-Z]{3}[0-9]{3}([0-9][A-Z])\M', '\1XXXXXX\2', 'g')::jsonb)
                    from jsonb_each(r.value) f
                    where f.key !~ '(_hash|_hmac|_sha256|_sealed)$'))
                from jsonb_array_elements(found_rows) r));
        end if;
    end loop;
    perform set_config('app.workspace_id', '', true);
    return query select everything || jsonb_build_object('access.audit', (
        select coalesce(jsonb_agg(jsonb_build_object(
                   'at', a.at, 'workspace_id', a.workspace_id, 'key_id', a.key_id, 'action', a.action, 'subject', a.subject,
                   'request_id', a.request_id,
                   'address', rtrim(convert_from(tenant.sealed(k.key, a.entry_id, a.address_sealed), 'UTF8')))), '[]')
        from (select * from access.audit e
              where e.user_id = asked.user_id
                and (e.workspace_id is null
                     or e.workspace_id in (select p.workspace_id from tenant.places(asked.user_id, asked.organisation_workspace) p))
              order by e.at desc limit 10000) a
        left join auth.person_keys k on k.user_id = a.user_id));
end $$;

-- ---------------------------------------------------------------- what is deleted

-- Deletes what belongs to a workspace, table by table; a test asks the catalogue whether one was forgotten.
create or replace function tenant.purge_workspace(p_workspace uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- The tables' own policies hold for this function, too.
    perform set_config('app.workspace_id', p_workspace::text, true);
    delete from brokers.kite_accounts t where t.workspace_id = p_workspace;
    delete from brokers.connections t where t.workspace_id = p_workspace;
    delete from brokers.syncs t where t.workspace_id = p_workspace;
    delete from transactions.transactions t where t.workspace_id = p_workspace;
    delete from portfolio.snapshots t where t.workspace_id = p_workspace;
    delete from portfolio.account_values t where t.workspace_id = p_workspace;
    delete from portfolio.holdings t where t.workspace_id = p_workspace;
    delete from portfolio.statements t where t.workspace_id = p_workspace;
    delete from portfolio.uploads t where t.workspace_id = p_workspace;
    delete from portfolio.imports t where t.workspace_id = p_workspace;
    delete from brokers.accounts t where t.workspace_id = p_workspace;
    delete from access.key_uses t where t.workspace_id = p_workspace;
    delete from access.api_keys t where t.workspace_id = p_workspace;
    delete from workspaces.invitations t where t.workspace_id = p_workspace;
    delete from shared.event_claims t where t.workspace_id = p_workspace;
    delete from shared.idempotency_keys t where t.workspace_id = p_workspace;
    delete from shared.outbox t where t.workspace_id = p_workspace;
    update auth.sessions t set workspace_id = null where t.workspace_id = p_workspace;
    delete from auth.organisations t where t.workspace_id = p_workspace;
    delete from workspaces.members t where t.workspace_id = p_workspace;
    delete from workspaces.workspaces t where t.workspace_id = p_workspace;
    perform set_config('app.workspace_id', '', true);
end $$;

-- Deletes people whose time has come with the workspaces that were theirs alone; answers whom. What is left is
-- an id, and audit entries whose sealed fields nobody can open any more.
create or replace function tenant.purge_people(p_now timestamptz, p_most int) returns table (person uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    gone auth.users;
    workspace uuid;
begin
    for gone in
        select u.* from auth.users u
        where u.purge_after <= p_now and u.purged_at is null
        order by u.purge_after limit p_most for update skip locked
    loop
        -- Only where nobody else is: what is shared belongs to those who stay.
        for workspace in
            select m.workspace_id from workspaces.members m
            where m.user_id = gone.user_id
              and not exists (select from workspaces.members o
                              where o.workspace_id = m.workspace_id and o.user_id <> gone.user_id)
        loop
            perform tenant.purge_workspace(workspace);
        end loop;
        delete from workspaces.members t where t.user_id = gone.user_id;
        delete from access.api_keys t where t.user_id = gone.user_id;
        delete from shared.idempotency_keys t where t.user_id = gone.user_id;
        delete from auth.shares t where t.user_id = gone.user_id;
        delete from auth.person_keys t where t.user_id = gone.user_id;
        delete from auth.sessions t where t.user_id = gone.user_id;
        delete from auth.exports t where t.user_id = gone.user_id;
        -- What was mailed to their address has expired since, and was swept.
        delete from workspaces.invitations t where t.invited_by = gone.user_id;
        update auth.users u set email = '', name = null, purged_at = p_now where u.user_id = gone.user_id;
        update auth.erasures t set purged_at = p_now where t.user_id = gone.user_id;
        person := gone.user_id;
        return next;
    end loop;
end $$;

-- ---------------------------------------------------------------- refreshing

-- Publishes RefreshDue for the next connections: as before, but what was read before the session ended is read again.
create or replace function tenant.publish_syncs(p_day date, p_run text, p_after text, p_most int, p_trace text)
returns table (in_turn text, event_id uuid, workspace_id uuid, event text, body jsonb, trace text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with closed as (
        -- A session may end after the usual run.
        select (p_day + greatest(time '18:00', (
            select max(x.closes) from transactions.special_sessions x where x.day = p_day))) at time zone 'Asia/Kolkata' as at
    ), page as (
        select c.workspace_id, c.account_id, reverse(c.connection_id::text) as in_turn,
               encode(substr(sha256(convert_to(p_day || '/' || p_run || '/' || c.account_id, 'UTF8')), 1, 16), 'hex')::uuid
                   as event_id
        from brokers.connections c
        -- Of who may enter no more nothing is read.
        join tenant.places(c.user_id, c.workspace_id) m on m.workspace_id = c.workspace_id
        where c.state = 'connected' and c.expires_at > now() and reverse(c.connection_id::text) > p_after
          and not exists (
              select from brokers.syncs s
              where s.workspace_id = c.workspace_id and s.account_id = c.account_id and s.day = p_day
                and s.good_at >= (select at from closed))
        order by reverse(c.connection_id::text) limit p_most
    ), published as (
        insert into shared.outbox (event_id, workspace_id, event, body, trace)
        select p.event_id, p.workspace_id, 'account.refresh_due',
               jsonb_build_object('accountId', p.account_id,
                                  'unlessReadSince', (select at from closed)), p_trace
        from page p
        on conflict on constraint outbox_pk do nothing
        returning outbox.event_id, outbox.event, outbox.body
    )
    select p.in_turn, p.event_id, p.workspace_id, u.event, u.body, p_trace
    from page p left join published u on u.event_id = p.event_id
    order by p.in_turn
$$;


revoke all on all functions in schema tenant from public;
grant execute on function tenant.credential, tenant.open_session, tenant.log_out to svc_auth;
grant usage on schema tenant to km_owner;
grant execute on function tenant.audit_row to km_owner;
grant execute on function tenant.own_workspaces to svc_auth, svc_workspaces;
grant execute on function tenant.check_share, tenant.count_share to svc_portfolio, svc_transactions;
grant execute on function tenant.mark_sent to svc_transactions;
set local role km_owner;

-- Triggers, so that no way of writing these rows forgets the log.
create trigger audited after insert on brokers.accounts
    for each row execute function tenant.audit_row('account.begun', 'account_id', 'broker');
create trigger audited after insert or update on brokers.syncs
    for each row execute function tenant.audit_row('account.read', 'account_id', 'day', 'problem', 'holdings', 'fills');
create trigger audited after insert on portfolio.uploads
    for each row execute function tenant.audit_row('upload.begun', 'upload_id', 'bytes');
create trigger audited after insert or update of report on portfolio.imports
    for each row when (not new.unfinished) execute function tenant.audit_row(
        'import.stored', 'import_id', 'account_id', 'layout', 'mode', 'statement_on', 'report.counts', 'report.events');
