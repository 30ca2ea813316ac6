-- When a tenant was deleted, and when its purge began, from when on it cannot be brought back. Code that knows nothing of it goes
-- on serving it. Indexes by which a purge finds what hangs on an account are built beside the writers when `rekey migrate` is done
-- here.
alter table tenants add column deleted_at bigint;
alter table tenants add column purge_began_at bigint;

-- Few of many.
create index tenants_deleted on tenants (deleted_at) where deleted_at is not null;

update schema_version set version = 18;
