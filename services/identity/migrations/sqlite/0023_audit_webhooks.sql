-- Where the events of a tenant's audit log are sent, a handful a tenant. Code that knows nothing of them sends nothing.
create table audit_webhooks (
    tenant_id blob not null,
    webhook_id blob not null,
    url text not null,
    -- Which events, as JSON.
    filter text not null,
    -- What signs, sealed; and the secret before it, for as long as that signs as well.
    secret blob not null,
    previous_secret blob,
    previous_secret_until integer,
    -- Why it gets nothing; null where it does.
    disabled text,
    -- The last event that was handed over or passed over.
    position integer not null,
    last_success_at integer,
    last_failure_at integer,
    last_failure text,
    last_failure_status integer,
    -- Tries that failed in a row, and since when.
    failures integer not null,
    failing_since integer,
    -- When the next try may be; who works on it, until when.
    due_at integer not null,
    leased_until integer not null,
    fence integer not null,
    created_at integer not null,
    updated_at integer not null,
    version integer not null,
    primary key (tenant_id, webhook_id)
) strict, without rowid;

create index audit_webhooks_due on audit_webhooks (due_at) where disabled is null;

update schema_version set version = 22;
