-- Where the events of a tenant's audit log are sent, a handful a tenant. Code that knows nothing of them sends nothing.
create table audit_webhooks (
    tenant_id uuid not null,
    webhook_id uuid not null,
    url text not null,
    -- Which events, as JSON.
    filter text not null,
    -- What signs, sealed; and the secret before it, for as long as that signs as well.
    secret bytea not null,
    previous_secret bytea,
    previous_secret_until bigint,
    -- Why it gets nothing; null where it does.
    disabled text,
    -- The last event that was handed over or passed over.
    position bigint not null,
    last_success_at bigint,
    last_failure_at bigint,
    last_failure text,
    last_failure_status bigint,
    -- Tries that failed in a row, and since when.
    failures bigint not null,
    failing_since bigint,
    -- When the next try may be; who works on it, until when.
    due_at bigint not null,
    leased_until bigint not null,
    fence bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    version bigint not null,
    primary key (tenant_id, webhook_id)
);

create index audit_webhooks_due on audit_webhooks (due_at) where disabled is null;

update schema_version set version = 22;
