-- What a tenant's accounts show in resets, in shares, where its policy lets them show masks: decoys are drawn from it. Code that
-- knows nothing of it draws its decoys as it did before.
create table method_shares (
    tenant_id uuid not null primary key,
    -- JSON.
    shares text not null,
    -- Counted anew from then on.
    renew_at bigint not null
);

update schema_version set version = 10;
