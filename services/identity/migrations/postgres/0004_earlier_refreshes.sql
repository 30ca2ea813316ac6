-- The tokens that were replaced before the previous one, while their answers may still be asked for. Code that knows
-- nothing of it takes them for reused.
alter table sessions add column earlier_refreshes bytea not null default '';

update schema_version set version = 4;
