-- Jobs that reset many passwords. A row is worked on by whoever holds its lease: `due_at` is when somebody may take it, and
-- `fence` rises whenever somebody does, so that who lost it writes nothing more.
create table bulk_resets (
    tenant_id uuid not null,
    bulk_reset_id uuid not null,
    mode text not null,
    dry_run boolean not null,
    per_second bigint not null,
    -- Which accounts, as JSON; null where they are listed.
    filter text,
    -- How far the filter was walked, as JSON; null before.
    walked_to text,
    state text not null,
    stop_reason text,
    accounts bigint not null,
    accounts_reset bigint not null,
    accounts_refused bigint not null,
    next_sequence bigint not null,
    next_number bigint not null,
    -- Every account up to this number has its result.
    worked_to bigint not null,
    actor text not null,
    actor_id uuid,
    caller text not null,
    ip_address text,
    created_at bigint not null,
    updated_at bigint not null,
    ended_at bigint,
    forget_at bigint,
    due_at bigint not null,
    fence bigint not null,
    primary key (tenant_id, bulk_reset_id)
);

-- One at a time in a tenant.
create unique index bulk_resets_alive on bulk_resets (tenant_id) where state in ('collecting', 'running');
create index bulk_resets_due on bulk_resets (due_at) where state in ('collecting', 'running');
create index bulk_resets_over on bulk_resets (forget_at) where forget_at is not null;

-- One row for each account of a job, and for each name that nobody has.
create table bulk_reset_accounts (
    tenant_id uuid not null,
    bulk_reset_id uuid not null,
    number bigint not null,
    account_id uuid,
    -- What nobody is named; an account's own login is read where it is listed, so that none outlives its account here.
    unknown_name text,
    outcome text not null,
    refused text,
    finished_at bigint,
    primary key (tenant_id, bulk_reset_id, number)
);

-- Each account once, however often and by whatever names it is listed.
create unique index bulk_reset_accounts_once on bulk_reset_accounts (tenant_id, bulk_reset_id, account_id);

-- When the person of a help request was last verified on the phone. Code that knows nothing of it goes on as before.
alter table help_requests add column caller_verified_at bigint;

update schema_version set version = 19;
