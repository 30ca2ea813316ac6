-- Passwords count when they were judged wrong; those that are being judged take up room until then, or until it is not
-- believed any more. Code that knows nothing of it counts a password before it judges it, in the same row.
alter table lockouts add column pending bigint not null default 0;
alter table lockouts add column pending_until bigint;

update schema_version set version = 6;
