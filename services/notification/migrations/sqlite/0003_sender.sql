-- Who sent a message: a caller sees and touches its own unless its entry says otherwise.

-- Empty for messages of the code before: only callers that may see everybody's see those.
alter table notification add column sender text not null default '';

update schema_version set version = 3;
