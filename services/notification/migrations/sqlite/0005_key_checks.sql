-- By what the keys that this store was used with are told from others: a keyed digest of nothing for each. Code that knows nothing of
-- it uses whatever keys it is given.
create table key_checks (
    kind text not null,
    key_id text not null,
    key_check blob not null,
    first_held_at integer not null,
    primary key (kind, key_id)
) strict, without rowid;

update schema_version set version = 5;
