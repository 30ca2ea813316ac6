-- Messages that a worker may have handed over without living to say so.
-- The lock goes through all partitions, so it is waited for only briefly: a migration that meets a long statement is
-- started again instead of holding up everybody behind it.
set local lock_timeout = '5s';

-- True from the moment a try reached the point of no return. A known failure of that try takes it back; a try that
-- finds it set ends as unknown, because an earlier one may have gone out.
alter table notification add column in_doubt boolean not null default false;

update schema_version set version = 2;
