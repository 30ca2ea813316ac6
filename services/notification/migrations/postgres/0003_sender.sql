-- Who sent a message: a caller sees and touches its own unless its entry says otherwise.
-- The lock goes through all partitions, so it is waited for only briefly: a migration that meets a long statement is
-- started again instead of holding up everybody behind it.
set local lock_timeout = '5s';

-- Empty for messages of the code before: only callers that may see everybody's see those.
alter table notification add column sender text not null default '';

update schema_version set version = 3;
