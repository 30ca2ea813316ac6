-- Imports of accounts. A chunk of records is one step: accounts, rejections, its own row and the number that comes next.
create table account_imports (
    tenant_id uuid not null,
    import_id uuid not null,
    state text not null,
    source text not null,
    duplicates text not null,
    confirmations_trusted boolean not null,
    dry_run boolean not null,
    next_sequence bigint not null,
    records bigint not null,
    created bigint not null,
    skipped bigint not null,
    rejected bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    ended_at bigint,
    primary key (tenant_id, import_id)
);

create index account_imports_by_age on account_imports (updated_at);

-- What became of each chunk, for whoever sends it again. The content is a keyed hash.
create table account_import_chunks (
    tenant_id uuid not null,
    import_id uuid not null,
    sequence bigint not null,
    content bytea not null,
    first_record bigint not null,
    records bigint not null,
    created bigint not null,
    skipped bigint not null,
    primary key (tenant_id, import_id, sequence)
);

-- Records that were rejected. Logins are masked.
create table account_import_rejections (
    tenant_id uuid not null,
    import_id uuid not null,
    record bigint not null,
    masked_login text not null,
    reason text not null,
    field text not null,
    problem text not null,
    primary key (tenant_id, import_id, record)
);

update schema_version set version = 20;
