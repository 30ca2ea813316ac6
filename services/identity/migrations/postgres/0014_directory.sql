-- What administrators find accounts by. Texts are compared byte by byte ("C"), whatever the database's collation is, so that a
-- prefix is a range of an index.

-- The name people read, and its last word, in the form that spellings share. Code that knows nothing of them leaves them null,
-- and the next migration fills them in.
alter table accounts add column name_key text collate "C";
alter table accounts add column surname_key text collate "C";

create index accounts_by_name on accounts (tenant_id, name_key, account_id) where name_key is not null;
create index accounts_by_surname on accounts (tenant_id, surname_key, account_id) where surname_key is not null;
create index accounts_without_name_key on accounts (tenant_id, account_id) where name_key is null;
create index logins_by_prefix on logins (tenant_id, (login collate "C"), account_id);
create index security_info_by_address on security_info (tenant_id, (lower(address collate "C")), account_id)
    where address is not null;
create index security_info_by_kind on security_info (tenant_id, kind, account_id);

-- Few of many.
create index accounts_stopped on accounts (tenant_id, account_id) where blocked or frozen;
create index accounts_deleted on accounts (tenant_id, account_id) where deleted_at is not null;
create index accounts_by_deletion on accounts (deleted_at) where deleted_at is not null;

-- When a session of the account was last opened, apart from the account's row, of which no index then has to know. activity_at is
-- the creation before there was one. An account made by code that knows nothing of this has none until its person signs in.
create table last_sign_ins (
    tenant_id uuid not null,
    account_id uuid not null,
    activity_at bigint not null,
    signed_in_at bigint,
    primary key (tenant_id, account_id)
) with (fillfactor = 80);

insert into last_sign_ins (tenant_id, account_id, activity_at, signed_in_at)
select a.tenant_id, a.account_id, coalesce(s.opened_at, a.created_at), s.opened_at
from accounts a
left join (
    select tenant_id, account_id, max(created_at) as opened_at from sessions group by tenant_id, account_id
) s on s.tenant_id = a.tenant_id and s.account_id = a.account_id;

create index last_sign_ins_by_activity on last_sign_ins (tenant_id, activity_at, account_id);

-- Whether the member is a group. Groups were not written before.
alter table group_members add column nested boolean not null default false;

create index group_members_by_group on group_members (tenant_id, group_id, member_id);
create index groups_in_groups on group_members (tenant_id, group_id, member_id) where nested;

update schema_version set version = 14;
