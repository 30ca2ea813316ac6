-- Which notices before the expiry of a password went out. The epoch stands for the password, so a new one is told of
-- anew, also when code that knows nothing of this table sets it. No foreign key: a mark outlives its account until
-- the sweep takes it.
create table expiry_notices (
    tenant_id uuid not null,
    account_id uuid not null,
    epoch bigint not null,
    -- How many days before expiry.
    days bigint not null,
    told_at bigint not null,
    primary key (tenant_id, account_id, epoch, days)
);

create index expiry_notices_by_age on expiry_notices (told_at);

update schema_version set version = 2;
