-- How people come into workspaces.

create table workspaces.invitations (
    workspace_id uuid not null,
    invitation_id uuid not null,
    email text not null constraint invitations_email_lower check (email = lower(email)),
    role text not null constraint invitations_role check (role in ('admin', 'analyst', 'viewer')),
    invited_by uuid not null,
    -- null until the mail is being sent.
    token_sha256 bytea,
    mailed_at timestamptz,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    accepted_at timestamptz,
    constraint invitations_pk primary key (workspace_id, invitation_id),
    constraint invitations_workspace foreign key (workspace_id) references workspaces.workspaces on delete cascade
);
comment on table workspaces.invitations is 'A place offered by mail; whoever has the token takes it, once.';
create index invitations_by_token on workspaces.invitations (token_sha256);
call platform.protect_tenant('workspaces.invitations');
create policy system on workspaces.invitations to km_system using (true) with check (true);
