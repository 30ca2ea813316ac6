-- Which code of a reset's method is the last one, where it is not the first: a code that died or was guessed at too often is
-- followed by another one. Code that knows nothing of it asks for the first one again.
create table reset_codes (
    tenant_id blob not null,
    -- The verification of the first code.
    verification_id blob not null,
    -- Counted from 0.
    number integer not null,
    expires_at integer not null,
    primary key (tenant_id, verification_id)
) strict, without rowid;

create index reset_codes_by_end on reset_codes (expires_at);

update schema_version set version = 8;
