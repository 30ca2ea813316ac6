-- The accounts that a folded event is about, the first of them, as a JSON list; none where it is about one subject.
alter table audit_events add column folded_accounts text;

update schema_version set version = 9;
