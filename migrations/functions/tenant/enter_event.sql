-- Enters the workspace of a published event and claims the event for a consumer.
-- The outbox row is the consumer's only right to be there. `fresh` is false when it was claimed before.
create or replace function tenant.enter_event(p_event uuid, p_consumer text)
returns table (fresh boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    workspace uuid;
begin
    select o.workspace_id into workspace from shared.outbox o where o.event_id = p_event;
    if workspace is null then
        raise exception 'no such event' using errcode = 'KM404';
    end if;
    perform set_config('app.workspace_id', workspace::text, true),
            set_config('app.user_id', '', true),
            set_config('statement_timeout', '30s', true);
    insert into shared.event_claims (workspace_id, consumer, event_id)
    values (workspace, p_consumer, p_event)
    on conflict on constraint event_claims_pk do nothing;
    return query select found;
end $$;
