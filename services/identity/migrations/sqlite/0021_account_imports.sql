-- Imports of accounts. A chunk of records is one step: accounts, rejections, its own row and the number that comes next.
create table account_imports (
    tenant_id blob not null,
    import_id blob not null,
    state text not null,
    source text not null,
    duplicates text not null,
    confirmations_trusted integer not null,
    dry_run integer not null,
    next_sequence integer not null,
    records integer not null,
    created integer not null,
    skipped integer not null,
    rejected integer not null,
    created_at integer not null,
    updated_at integer not null,
    ended_at integer,
    primary key (tenant_id, import_id)
) strict;

create index account_imports_by_age on account_imports (updated_at);

-- What became of each chunk, for whoever sends it again. The content is a keyed hash.
create table account_import_chunks (
    tenant_id blob not null,
    import_id blob not null,
    sequence integer not null,
    content blob not null,
    first_record integer not null,
    records integer not null,
    created integer not null,
    skipped integer not null,
    primary key (tenant_id, import_id, sequence)
) strict;

-- Records that were rejected. Logins are masked.
create table account_import_rejections (
    tenant_id blob not null,
    import_id blob not null,
    record integer not null,
    masked_login text not null,
    reason text not null,
    field text not null,
    problem text not null,
    primary key (tenant_id, import_id, record)
) strict;

update schema_version set version = 20;
