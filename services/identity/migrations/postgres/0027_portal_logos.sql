-- Logos of tenants' pages, by the SHA-256 that revisions of policies name them by. They stay, as revisions do. Code that knows nothing
-- of them shows none.
create table portal_logos (
    tenant_id uuid not null references tenants,
    digest bytea not null,
    image bytea not null,
    primary key (tenant_id, digest)
);

update schema_version set version = 27;
