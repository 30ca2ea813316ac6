-- What is kept of a passkey beside its entry. Code that knows nothing of passkeys leaves such an entry out, and takes it away
-- with this row.
create table passkey_credentials (
    tenant_id blob not null,
    -- Chosen by the authenticator, at most 1,023 bytes.
    credential_id blob not null,
    account_id blob not null,
    security_info_id blob not null,
    -- As it came, `COSE_Key`.
    public_key blob not null,
    -- The signature counter of the last use.
    counter integer not null,
    backup_eligible integer not null,
    backed_up integer not null,
    -- How browsers reach it, with commas between.
    transports text not null,
    used_at integer,
    primary key (tenant_id, credential_id),
    unique (tenant_id, account_id, security_info_id),
    foreign key (tenant_id, account_id, security_info_id) references security_info on delete cascade
) strict, without rowid;

-- What a passkey signed once, until it would be too old to be signed again.
create table spent_passkey_challenges (
    tenant_id blob not null,
    challenge blob not null,
    expires_at integer not null,
    primary key (tenant_id, challenge)
) strict, without rowid;

create index spent_passkey_challenges_by_expiry on spent_passkey_challenges (expires_at);

update schema_version set version = 21;
