-- Passwords count when they were judged wrong; those that are being judged take up room until then, or until it is not
-- believed any more.
alter table lockouts add column pending integer not null default 0;
alter table lockouts add column pending_until integer;

update schema_version set version = 6;
