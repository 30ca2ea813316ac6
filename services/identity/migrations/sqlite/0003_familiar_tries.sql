-- Tries in resets that began at a familiar place are counted beside those of strangers, who could use them up. Code
-- that knows nothing of it counts all of them in the old columns.
alter table method_tries add column familiar_recent blob not null default x'';
alter table method_tries add column familiar_in_a_row integer not null default 0;

-- Rows with tries against them are swept as well, once no account has the method.
drop index method_tries_by_end;
create index method_tries_by_end on method_tries (live_until);

update schema_version set version = 3;
