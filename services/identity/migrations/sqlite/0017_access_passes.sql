-- Temporary access passes, one of an account at most. Code that knows nothing of them lets nobody in by one.
create table access_passes (
    tenant_id blob not null,
    account_id blob not null,
    -- A keyed hash of account and pass.
    pass_hash blob not null,
    -- That of the account when it was issued: a new password ends it.
    epoch integer not null,
    one_time integer not null,
    expires_at integer not null,
    primary key (tenant_id, account_id)
) strict, without rowid;

create index access_passes_by_end on access_passes (expires_at);

update schema_version set version = 16;
