-- Ends the session that entered, or everything of its person's: every session and every API key. Answers how many ended.
create or replace function tenant.log_out(p_everywhere boolean) returns table (sessions bigint, keys bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    person uuid := tenant.person();
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
