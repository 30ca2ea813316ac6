-- By what the keys that this store was used with are told from others: a keyed digest of nothing for each. Code that knows nothing of
-- it uses whatever keys it is given.
create table key_checks (
    kind text not null,
    key_id text not null,
    key_check blob not null,
    first_held_at integer not null,
    primary key (kind, key_id)
) strict, without rowid;

-- What a key of the pepper still seals is counted by these.
create index accounts_by_pepper on accounts (substr(password_hash, 2, 4)) where password_hash is not null;

create index authenticators_by_pepper on security_info (substr(totp_key, 2, 4)) where totp_key is not null;

update schema_version set version = 25;
