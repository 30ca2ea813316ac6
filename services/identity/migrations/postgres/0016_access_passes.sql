-- Temporary access passes, one of an account at most. Code that knows nothing of them lets nobody in by one.
create table access_passes (
    tenant_id uuid not null,
    account_id uuid not null,
    -- A keyed hash of account and pass.
    pass_hash bytea not null,
    -- That of the account when it was issued: a new password ends it.
    epoch bigint not null,
    one_time boolean not null,
    expires_at bigint not null,
    primary key (tenant_id, account_id)
);

create index access_passes_by_end on access_passes (expires_at);

update schema_version set version = 16;
