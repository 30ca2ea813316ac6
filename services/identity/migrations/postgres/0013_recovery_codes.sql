-- Recovery codes, as keyed hashes: a row is one that is not used yet. The list they are of is an entry of security info, which
-- counts them. Code that knows nothing of them offers none.
create table recovery_codes (
    tenant_id uuid not null,
    account_id uuid not null,
    security_info_id uuid not null,
    code_hash bytea not null,
    primary key (tenant_id, account_id, security_info_id, code_hash)
);

update schema_version set version = 13;
