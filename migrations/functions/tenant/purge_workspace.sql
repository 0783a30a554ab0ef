-- Deletes what belongs to a workspace, table by table; a test asks the catalogue whether one was forgotten.
create or replace function tenant.purge_workspace(p_workspace uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- The tables' own policies hold for this function, too.
    perform set_config('app.workspace_id', p_workspace::text, true);
    delete from brokers.kite_accounts t where t.workspace_id = p_workspace;
    delete from brokers.connections t where t.workspace_id = p_workspace;
    delete from brokers.syncs t where t.workspace_id = p_workspace;
    delete from transactions.transactions t where t.workspace_id = p_workspace;
    delete from portfolio.snapshots t where t.workspace_id = p_workspace;
    delete from portfolio.account_values t where t.workspace_id = p_workspace;
    delete from portfolio.holdings t where t.workspace_id = p_workspace;
    delete from portfolio.statements t where t.workspace_id = p_workspace;
    delete from portfolio.uploads t where t.workspace_id = p_workspace;
    delete from portfolio.imports t where t.workspace_id = p_workspace;
    delete from brokers.accounts t where t.workspace_id = p_workspace;
    delete from access.key_uses t where t.workspace_id = p_workspace;
    delete from access.api_keys t where t.workspace_id = p_workspace;
    delete from workspaces.invitations t where t.workspace_id = p_workspace;
    delete from shared.event_claims t where t.workspace_id = p_workspace;
    delete from shared.idempotency_keys t where t.workspace_id = p_workspace;
    delete from shared.outbox t where t.workspace_id = p_workspace;
    update auth.sessions t set workspace_id = null where t.workspace_id = p_workspace;
    delete from auth.organisations t where t.workspace_id = p_workspace;
    delete from workspaces.members t where t.workspace_id = p_workspace;
    delete from workspaces.workspaces t where t.workspace_id = p_workspace;
    perform set_config('app.workspace_id', '', true);
end $$;
