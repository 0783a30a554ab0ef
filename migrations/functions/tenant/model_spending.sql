-- What language models were used for by the entered workspace in the running month, in India, and what that cost in millionths of
-- a US dollar; `payer_micros` is of all workspaces of whoever pays.
create or replace function tenant.model_spending()
returns table (prompts bigint, input_tokens bigint, output_tokens bigint, micros bigint, payer_micros bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select count(*) filter (where own), coalesce(sum(p.input_tokens) filter (where own), 0)::bigint,
           coalesce(sum(p.output_tokens) filter (where own), 0)::bigint, coalesce(sum(p.micros) filter (where own), 0)::bigint,
           coalesce(sum(p.micros), 0)::bigint
    from billing.model_prompts p cross join lateral (select p.workspace_id = tenant.workspace() as own) of
    where p.user_id = tenant.payer()
      and p.asked_at >= date_trunc('month', now() at time zone 'Asia/Kolkata') at time zone 'Asia/Kolkata'
$$;
