-- The backend that signed the person in: their tokens are for it. Sessions from before have none.
alter table sessions add column backend text not null default '';

update schema_version set version = 7;
