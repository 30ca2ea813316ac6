-- Logos of tenants' pages, by the SHA-256 that revisions of policies name them by. They stay, as revisions do. Code that knows nothing
-- of them shows none. Images are larger than a page, so the rows keep their own order.
create table portal_logos (
    tenant_id blob not null references tenants,
    digest blob not null,
    image blob not null,
    primary key (tenant_id, digest)
) strict;

update schema_version set version = 27;
