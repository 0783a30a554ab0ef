-- Counts a reserved question, or returns it; a second time changes nothing.
create or replace function tenant.settle_question(p_question uuid, p_counted boolean) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update billing.questions q set state = case when p_counted then 'counted' else 'returned' end
    where q.question_id = p_question and q.state = 'reserved'
$$;
