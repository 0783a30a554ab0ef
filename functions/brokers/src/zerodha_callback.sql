-- $1 connection, $2 Kite app, $3 and $4 Zerodha's client and their name, $5 and $6 state and reason, $7 and $8 token and
-- its key, $9 now, $10 its end, $11 and $12 account and label, if there is none of this client yet.
with come_back as (
    -- One that was moved away and has come back is this one.
    delete from brokers.connections where kite_user_id = $3 and state = 'revoked' and connection_id <> $1
)
insert into brokers.connections as c (
    workspace_id, connection_id, user_id, api_key, kite_user_id, user_name,
    account_id, state, reason, token_sealed, sealing_key, connected_at, expires_at
)
select current_setting('app.workspace_id')::uuid, $1, current_setting('app.user_id')::uuid, $2, $3, $4,
       l.account_id, $5, $6, $7, $8, $9, $10
from brokers.link_account($11, 'zerodha', $3, $12) l
on conflict on constraint connections_pk do update
set api_key = excluded.api_key, user_name = excluded.user_name, account_id = excluded.account_id,
    state = excluded.state, reason = excluded.reason, token_sealed = excluded.token_sealed,
    sealing_key = excluded.sealing_key, connected_at = excluded.connected_at,
    expires_at = excluded.expires_at, changed_at = now()
