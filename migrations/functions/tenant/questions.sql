-- How many questions of the running month, in India, whoever pays for the entered workspace has used and may use; `allowed` is
-- null where there is no limit. With `p_question` it reserves one: `reserved` says whether there was one left. Two at once
-- wait for each other.
create or replace function tenant.questions(p_question uuid, p_free int)
returns table (reserved boolean, used bigint, allowed int, resets_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    payer uuid := tenant.payer();
    month timestamp := date_trunc('month', now() at time zone 'Asia/Kolkata');
begin
    reserved := false;
    allowed := p_free;
    resets_at := (month + interval '1 month') at time zone 'Asia/Kolkata';
    if p_question is not null then
        perform pg_advisory_xact_lock(hashtextextended('questions/' || payer, 0));
    end if;
    if tenant.is_pro() then
        allowed := null;
    end if;
    select count(*) into used from billing.questions q
    where q.user_id = payer and q.asked_at >= month at time zone 'Asia/Kolkata' and q.question_id is distinct from p_question
      and (q.state = 'counted' or q.state = 'reserved' and q.asked_at > now() - interval '5 minutes');
    if p_question is not null and (allowed is null or used < allowed) then
        insert into billing.questions (question_id, user_id, state) values (p_question, payer, 'reserved')
        on conflict on constraint questions_pk do nothing;
        reserved := true;
    end if;
    return next;
end $$;
