-- Puts what a prompt did cost in the place of what was set aside; a second time changes nothing.
create or replace function tenant.settle_prompt(p_prompt uuid, p_micros bigint, p_input bigint, p_output bigint) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update billing.model_prompts p
    set micros = p_micros, input_tokens = p_input, output_tokens = p_output, settled = true
    where p.prompt_id = p_prompt and p.workspace_id = tenant.workspace() and not p.settled
$$;
