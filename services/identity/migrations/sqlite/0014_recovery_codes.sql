-- Recovery codes, as keyed hashes: a row is one that is not used yet. The list they are of is an entry of security info, which
-- counts them. Code that knows nothing of them offers none.
create table recovery_codes (
    tenant_id blob not null,
    account_id blob not null,
    security_info_id blob not null,
    code_hash blob not null,
    primary key (tenant_id, account_id, security_info_id, code_hash)
) strict, without rowid;

update schema_version set version = 13;
