-- The database's roles, run as its administrator before every migration; each statement may run again.
--   km_owner    owns schemas and tables; migrations run as it. Row-level security binds it too.
--   km_system   owns the definer functions in schema `tenant`, the only way across tenants.
--   svc_<name>  the login role of one service's functions.
-- Nobody has BYPASSRLS. Passwords, where there are any, are set by the deployment.
do $$
declare
    name text;
begin
    foreach name in array array['km_owner', 'km_system'] loop
        if not exists (select from pg_roles where rolname = name) then
            execute format('create role %I nologin', name);
        end if;
    end loop;
    foreach name in array array[
        'svc_access', 'svc_auth', 'svc_brokers', 'svc_chat', 'svc_imports', 'svc_market', 'svc_notifications', 'svc_platform', 'svc_portfolio', 'svc_query', 'svc_transactions', 'svc_workspaces'
    ] loop
        if not exists (select from pg_roles where rolname = name) then
            execute format('create role %I login', name);
        end if;
        execute format('grant connect on database %I to %I', current_database(), name);
        -- Where Amazon runs the database a service signs in with its function's own credentials.
        if exists (select from pg_roles where rolname = 'rds_iam') then
            execute format('grant rds_iam to %I', name);
        end if;
    end loop;
    -- The administrator acts as both while migrating.
    execute format('grant km_owner, km_system to %I', current_user);
    execute format('revoke all on database %I from public', current_database());
    execute format('grant create, connect on database %I to km_owner', current_database());
end $$;

revoke all on schema public from public;

-- A function is for those it is granted to.
alter default privileges for role km_owner, km_system revoke execute on functions from public;

create schema if not exists tenant authorization km_system;
create schema if not exists platform authorization km_owner;

-- Who entered which workspace, in this transaction; null when nobody did. Policies are written with them. nullif: a setting is ''
-- after a transaction that had set it. Without a search_path of their own they are inlined.
create or replace function tenant.workspace() returns uuid language sql stable parallel safe as $$
    select nullif(current_setting('app.workspace_id', true), '')::uuid
$$;
create or replace function tenant.person() returns uuid language sql stable parallel safe as $$
    select nullif(current_setting('app.user_id', true), '')::uuid
$$;
alter function tenant.workspace() owner to km_system;
alter function tenant.person() owner to km_system;
revoke all on function tenant.workspace, tenant.person from public;
-- Policies are made by km_owner.
grant usage on schema tenant to km_owner;
grant execute on function tenant.workspace, tenant.person to km_owner;
