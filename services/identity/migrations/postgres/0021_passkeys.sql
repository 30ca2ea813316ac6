-- What is kept of a passkey beside its entry. Code that knows nothing of passkeys leaves such an entry out, and takes it away
-- with this row.
create table passkey_credentials (
    tenant_id uuid not null,
    -- Chosen by the authenticator, at most 1,023 bytes.
    credential_id bytea not null,
    account_id uuid not null,
    security_info_id uuid not null,
    -- As it came, `COSE_Key`.
    public_key bytea not null,
    -- The signature counter of the last use.
    counter bigint not null,
    backup_eligible boolean not null,
    backed_up boolean not null,
    -- How browsers reach it, with commas between.
    transports text not null,
    used_at bigint,
    primary key (tenant_id, credential_id),
    unique (tenant_id, account_id, security_info_id),
    foreign key (tenant_id, account_id, security_info_id) references security_info on delete cascade
);

-- What a passkey signed once, until it would be too old to be signed again.
create table spent_passkey_challenges (
    tenant_id uuid not null,
    challenge bytea not null,
    expires_at bigint not null,
    primary key (tenant_id, challenge)
);

create index spent_passkey_challenges_by_expiry on spent_passkey_challenges (expires_at);

update schema_version set version = 21;
