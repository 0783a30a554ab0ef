-- Publishes RevaluationDue for the next workspaces with accounts. An event's id is made of day, pass and workspace, so a
-- pass that is repeated publishes nothing twice.
create or replace function tenant.publish_revaluations(p_day date, p_pass text, p_seal boolean, p_after uuid, p_most int, p_trace text)
returns table (workspace_id uuid, event_id uuid, event text, body jsonb, trace text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with page as (
        select w.workspace_id,
               encode(substr(sha256(convert_to(p_day || '/' || p_pass || '/' || w.workspace_id, 'UTF8')), 1, 16), 'hex')::uuid
                   as event_id
        from workspaces.workspaces w
        where w.workspace_id > p_after
          and exists (select from brokers.accounts a where a.workspace_id = w.workspace_id)
        order by w.workspace_id limit p_most
    ), published as (
        insert into shared.outbox (event_id, workspace_id, event, body, trace)
        select p.event_id, p.workspace_id, 'portfolio.revaluation_due',
               jsonb_build_object('day', p_day, 'seal', p_seal), p_trace
        from page p
        on conflict on constraint outbox_pk do nothing
        returning outbox.event_id, outbox.event, outbox.body
    )
    select p.workspace_id, p.event_id, u.event, u.body, p_trace
    from page p left join published u on u.event_id = p.event_id
    order by p.workspace_id
$$;
