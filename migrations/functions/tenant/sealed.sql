-- Seals or unseals up to 64 bytes: counter mode with SHA-256 as its function. A nonce serves once, and rows are
-- never changed, so there is nothing to authenticate. In here because the key never leaves the database, and
-- core Postgres has no cipher.
create or replace function tenant.sealed(p_key bytea, p_nonce uuid, p_bytes bytea) returns bytea
language plpgsql immutable strict set search_path = pg_catalog, pg_temp as $$
declare
    stream bytea := sha256(p_key || uuid_send(p_nonce) || '\x00') || sha256(p_key || uuid_send(p_nonce) || '\x01');
    bytes bytea := substr(p_bytes, 1, 64);
begin
    for i in 0 .. octet_length(bytes) - 1 loop
        bytes := set_byte(bytes, i, get_byte(bytes, i) # get_byte(stream, i));
    end loop;
    return bytes;
end $$;
