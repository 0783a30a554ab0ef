-- Gives a registration its code and answers where to mail it. No row: mailed, used, expired or unknown.
-- A known address gets no code: its mail says that the account exists.
create or replace function tenant.issue_code(p_registration uuid, p_code_sha256 bytea)
returns table (email text, known boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
        update auth.registrations r
        set code_sha256 = case when c.email is null then p_code_sha256 end
        from auth.registrations self left join auth.credentials c on c.email = self.email
        where r.registration_id = p_registration and self.registration_id = r.registration_id
          and r.used_at is null and r.mailed_at is null and r.expires_at > now()
        returning r.email, c.email is not null;
end $$;
