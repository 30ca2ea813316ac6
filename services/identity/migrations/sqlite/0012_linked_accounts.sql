-- Accounts of several tenants that a person linked: a row on each side, and the link holds while there are both. The epoch is
-- that of the account in tenant_id when it was linked; null once an access pass has signed in there.
create table linked_accounts (
    tenant_id blob not null,
    account_id blob not null,
    linked_tenant_id blob not null,
    linked_account_id blob not null,
    epoch integer,
    linked_at integer not null,
    primary key (tenant_id, account_id, linked_tenant_id)
) strict, without rowid;

-- The other end of a link that is replaced.
create index linked_accounts_by_other on linked_accounts (tenant_id, linked_tenant_id, linked_account_id);

update schema_version set version = 11;
