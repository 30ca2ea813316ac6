-- Messages that a worker may have handed over without living to say so.

-- True from the moment a try reached the point of no return. A known failure of that try takes it back; a try that
-- finds it set ends as unknown, because an earlier one may have gone out.
alter table notification add column in_doubt integer not null default 0;

update schema_version set version = 2;
