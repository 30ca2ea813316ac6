-- What hangs on an account, found when the account is purged.
create index sessions_of_account on sessions (tenant_id, account_id);
create index help_requests_of_account on help_requests (tenant_id, account_id);
create index linked_accounts_back on linked_accounts (linked_tenant_id, linked_account_id);

-- When a tenant was deleted, and when its purge began, from when on it cannot be brought back. Code that knows nothing of it goes
-- on serving it.
alter table tenants add column deleted_at integer;
alter table tenants add column purge_began_at integer;

-- Few of many.
create index tenants_deleted on tenants (deleted_at) where deleted_at is not null;

update schema_version set version = 18;
