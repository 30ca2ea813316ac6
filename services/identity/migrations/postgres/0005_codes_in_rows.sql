-- The verification that the last code for an entry of security info was sent under, until that code dies. No foreign
-- key: the first code goes out before the entry is there. Code that knows nothing of it finds the verification by the
-- time; a code in flight is sent again.
create table security_info_codes (
    tenant_id uuid not null,
    security_info_id uuid not null,
    verification_id uuid not null,
    code_expires_at bigint not null,
    primary key (tenant_id, security_info_id)
) with (fillfactor = 80);

create index security_info_codes_by_end on security_info_codes (code_expires_at);

-- Sends of a reset's code that a limit stopped where nobody may see it. They are answered like sends, and the next one
-- waits behind them. Code that knows nothing of it keeps them among the answers.
create table decoy_sends (
    tenant_id uuid not null,
    verification_id uuid not null,
    -- Which send of the verification it stands for, from 0.
    number bigint not null,
    sent_at bigint not null,
    expires_at bigint not null,
    primary key (tenant_id, verification_id, number)
);

create index decoy_sends_by_end on decoy_sends (expires_at);

update schema_version set version = 5;
