-- The verification that the last code for an entry was sent under, and until when that code lives. Code that knows
-- nothing of it finds the verification by the time; a code in flight is sent again.
alter table security_info add column verification_id blob;
alter table security_info add column code_expires_at integer;

-- Sends of a reset's code that a limit stopped where nobody may see it. They are answered like sends, and the next one
-- waits behind them. Code that knows nothing of it keeps them among the answers.
create table decoy_sends (
    tenant_id blob not null,
    verification_id blob not null,
    -- Which send of the verification it stands for, from 0.
    number integer not null,
    sent_at integer not null,
    expires_at integer not null,
    primary key (tenant_id, verification_id, number)
) strict, without rowid;

create index decoy_sends_by_end on decoy_sends (expires_at);

update schema_version set version = 5;
