-- The verification that the last code for an entry of security info was sent under, until that code dies. No foreign
-- key: the first code goes out before the entry is there. Code that knows nothing of it finds the verification by the
-- time; a code in flight is sent again.
create table security_info_codes (
    tenant_id blob not null,
    security_info_id blob not null,
    verification_id blob not null,
    code_expires_at integer not null,
    primary key (tenant_id, security_info_id)
) strict, without rowid;

create index security_info_codes_by_end on security_info_codes (code_expires_at);

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
