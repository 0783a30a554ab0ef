-- Sets aside the most that a prompt to a language model can cost, in millionths of a US dollar. False where that is more than
-- `p_cap` leaves in the running month, in India, of whoever pays for the entered workspace, or than `p_total` leaves of all of
-- them. A second time changes nothing. Prompts wait for each other here, so that the caps hold however many are sent at once.
create or replace function tenant.set_aside_prompt(p_prompt uuid, p_micros bigint, p_cap bigint, p_total bigint)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    payer uuid := tenant.payer();
    month timestamptz := date_trunc('month', now() at time zone 'Asia/Kolkata') at time zone 'Asia/Kolkata';
begin
    perform pg_advisory_xact_lock(hashtextextended('model prompts', 0));
    if exists (select from billing.model_prompts p where p.prompt_id = p_prompt) then
        return true;
    end if;
    if (select coalesce(sum(p.micros), 0) from billing.model_prompts p
        where p.user_id = payer and p.asked_at >= month) + p_micros > p_cap then
        return false;
    end if;
    if (select coalesce(sum(p.micros), 0) from billing.model_prompts p where p.asked_at >= month) + p_micros > p_total then
        return false;
    end if;
    insert into billing.model_prompts (prompt_id, workspace_id, user_id, micros)
    values (p_prompt, tenant.workspace(), payer, p_micros);
    return true;
end $$;
