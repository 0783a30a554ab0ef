-- Every trigger, run again when this file changes. One that goes is dropped here.

-- The audit log is added to and never changed; what is old may go.
create or replace trigger never_changed before update or truncate on access.audit
    for each statement execute function access.refuse_change();
create or replace trigger never_deleted before delete on access.audit
    for each row execute function access.refuse_change();

-- What no way of writing forgets to audit.
create or replace trigger audited after insert on brokers.accounts
    for each row execute function tenant.audit_row('account.begun', 'account_id', 'broker');
create or replace trigger audited after insert or update on brokers.syncs
    for each row execute function tenant.audit_row('account.read', 'account_id', 'day', 'problem', 'holdings', 'fills');
create or replace trigger audited after insert on imports.uploads
    for each row execute function tenant.audit_row('upload.begun', 'upload_id', 'bytes');
create or replace trigger audited after insert or update of report on imports.imports
    for each row when (not new.unfinished) execute function tenant.audit_row(
        'import.stored', 'import_id', 'account_id', 'layout', 'mode', 'statement_on', 'report.counts', 'report.events');

-- Whoever leaves a workspace takes their connections out of it.
create or replace trigger drop_connections after delete on workspaces.members
    for each row execute function tenant.drop_connections();

-- Assertions follow what statements say of holdings.
create or replace trigger keep_inserted after insert on imports.holdings referencing new table as stored
    for each statement execute function imports.keep_stored();
create or replace trigger keep_updated after update on imports.holdings referencing new table as stored
    for each statement execute function imports.keep_stored();
create or replace trigger keep_absences after insert or update on imports.statements
    for each row execute function imports.keep_absences();
create or replace trigger forget_asserted after update of undone_at on imports.imports
    for each row when (new.undone_at is not null) execute function imports.forget_asserted();

-- Quotes follow what they are made of.
do $$
declare
    source text;
begin
    foreach source in array array['instruments', 'symbols', 'prices'] loop
        execute format('
            create or replace trigger quoted_inserted after insert on market.%1$I referencing new table as changed
                for each statement execute function market.keep_quotes();
            create or replace trigger quoted_updated after update on market.%1$I
                referencing new table as changed old table as before
                for each statement execute function market.keep_quotes();
            create or replace trigger quoted_deleted after delete on market.%1$I referencing old table as changed
                for each statement execute function market.keep_quotes();
            create or replace trigger quoted_truncated after truncate on market.%1$I
                for each statement execute function market.keep_quotes()', source);
    end loop;
end $$;

-- Versions are raised when everything else of a transaction is done. What marks changes is made from tables.toml.
drop trigger if exists raised on shared.changes;
create constraint trigger raised after insert on shared.changes deferrable initially deferred
    for each row execute function tenant.raise_version();
