-- Jobs that reset many passwords. A row is worked on by whoever holds its lease: `due_at` is when somebody may take it, and
-- `fence` rises whenever somebody does, so that who lost it writes nothing more.
create table bulk_resets (
    tenant_id blob not null,
    bulk_reset_id blob not null,
    mode text not null,
    dry_run integer not null,
    per_second integer not null,
    -- Which accounts, as JSON; null where they are listed.
    filter text,
    -- How far the filter was walked, as JSON; null before.
    walked_to text,
    state text not null,
    stop_reason text,
    accounts integer not null,
    accounts_reset integer not null,
    accounts_refused integer not null,
    next_sequence integer not null,
    next_number integer not null,
    -- Every account up to this number has its result.
    worked_to integer not null,
    actor text not null,
    actor_id blob,
    caller text not null,
    ip_address text,
    created_at integer not null,
    updated_at integer not null,
    ended_at integer,
    forget_at integer,
    due_at integer not null,
    fence integer not null,
    primary key (tenant_id, bulk_reset_id)
) strict, without rowid;

-- One at a time in a tenant.
create unique index bulk_resets_alive on bulk_resets (tenant_id) where state in ('collecting', 'running');
create index bulk_resets_due on bulk_resets (due_at) where state in ('collecting', 'running');
create index bulk_resets_over on bulk_resets (forget_at) where forget_at is not null;

-- One row for each account of a job, and for each name that nobody has.
create table bulk_reset_accounts (
    tenant_id blob not null,
    bulk_reset_id blob not null,
    number integer not null,
    account_id blob,
    -- What nobody is named; an account's own login is read where it is listed, so that none outlives its account here.
    unknown_name text,
    outcome text not null,
    refused text,
    finished_at integer,
    primary key (tenant_id, bulk_reset_id, number)
) strict, without rowid;

-- Each account once, however often and by whatever names it is listed.
create unique index bulk_reset_accounts_once on bulk_reset_accounts (tenant_id, bulk_reset_id, account_id);

-- When the person of a help request was last verified on the phone. Code that knows nothing of it goes on as before.
alter table help_requests add column caller_verified_at integer;

update schema_version set version = 19;
