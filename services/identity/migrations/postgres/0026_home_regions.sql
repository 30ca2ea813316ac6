-- Where a tenant is at home; null: wherever it is. Code that knows nothing of it takes every tenant for its own.
alter table tenants add column home_region text;

create index tenants_with_home on tenants (tenant_id) where home_region is not null;

update schema_version set version = 26;
