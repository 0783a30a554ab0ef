-- $1 ISIN, $2 from when on, $3 the kind, or null to leave it to the sources again.
with gone as (
    delete from market.asset_kinds where isin = $1 and from_on = $2 and $3::text is null
)
insert into market.asset_kinds (workspace_id, isin, from_on, kind, set_by)
select current_setting('app.workspace_id')::uuid, $1, $2, $3, current_setting('app.user_id')::uuid
where $3::text is not null
on conflict on constraint asset_kinds_pk do update set kind = excluded.kind, set_by = excluded.set_by, set_at = now()
