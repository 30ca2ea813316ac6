-- A schema for the tests of this crate, the same on both databases.
create table notes (
    note bigint not null primary key,
    text text not null
);

create table schema_version (
    version bigint not null,
    oldest_code bigint not null
);

insert into schema_version values (1, 1);

create table key_checks (
    kind text not null,
    key_id text not null,
    key_check bytea not null,
    first_held_at bigint not null,
    primary key (kind, key_id)
);
