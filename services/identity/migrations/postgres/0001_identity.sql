-- Everything identity remembers; the same tables as in SQLite.
-- Instants (*_at, *_until) are microseconds since the Unix epoch.
-- tenant_id leads every primary key, so that one tenant's rows lie together and no statement can forget it.
-- A fillfactor leaves room on the page where rows are updated often and no index needs to know.

create table tenants (
    tenant_id uuid not null primary key,
    handle text not null unique,
    display_name text not null,
    -- Null: as many seats as there are accounts.
    licensed_accounts bigint,
    help_mailbox text,
    help_url text,
    created_at bigint not null,
    updated_at bigint not null,
    version bigint not null
);

create table tenant_domains (
    tenant_id uuid not null references tenants,
    domain text not null,
    position bigint not null,
    primary key (tenant_id, domain)
);

-- A domain names one tenant in the whole suite; also how LookupTenant finds it.
create unique index tenant_domains_of_suite on tenant_domains (domain);

-- Every revision stays: ListPolicyRevisions shows them and a rollback copies one.
create table policies (
    tenant_id uuid not null references tenants,
    version bigint not null,
    document text not null,
    changed_by uuid,
    changed_at bigint not null,
    primary key (tenant_id, version)
);

create table accounts (
    tenant_id uuid not null references tenants,
    account_id uuid not null,
    external_id text,
    display_name text not null,
    epoch bigint not null,
    recovery_version bigint not null,
    blocked boolean not null,
    frozen boolean not null,
    managed_elsewhere boolean not null,
    -- One bit per role, in the order of the specification.
    roles bigint not null,
    reconfirmed_at bigint,
    created_at bigint not null,
    updated_at bigint not null,
    deleted_at bigint,
    version bigint not null,
    -- Sealed under the pepper; null, like all of these, while there is no password.
    password_hash bytea,
    password_set_at bigint,
    password_must_change boolean,
    password_temporary_until bigint,
    password_expiry_exempt boolean,
    password_expiry_counts_from bigint,
    primary key (tenant_id, account_id)
);

-- Deleted accounts keep theirs until purge, so the index has no condition on deleted_at.
create unique index accounts_by_external_id on accounts (tenant_id, external_id) where external_id is not null;
-- Seats go to accounts in order of creation.
create index accounts_by_age on accounts (tenant_id, created_at, account_id) where deleted_at is null;
-- Few of many: who is told of help requests, and the count of global administrators.
create index administrators on accounts (tenant_id, account_id) where roles <> 0;

create table logins (
    tenant_id uuid not null,
    login text not null,
    account_id uuid not null,
    -- 0 is the login that is shown.
    position bigint not null,
    primary key (tenant_id, login),
    foreign key (tenant_id, account_id) references accounts
);

create index logins_by_account on logins (tenant_id, account_id, position);

create table security_info (
    tenant_id uuid not null,
    account_id uuid not null,
    security_info_id uuid not null,
    kind text not null,
    -- Of kinds that are an address.
    address text,
    label text,
    is_default boolean not null,
    standing text not null,
    confirmed_at bigint,
    disabled boolean not null,
    is_first boolean not null,
    added_at bigint not null,
    changed_at bigint not null,
    -- Of authenticators: the shape of the codes, the sealed key, the last step that was taken.
    totp_hash text,
    totp_digits bigint,
    totp_key bytea,
    totp_last_step bigint,
    -- Of saved lists.
    codes_remaining bigint,
    primary key (tenant_id, account_id, security_info_id),
    foreign key (tenant_id, account_id) references accounts
);

-- A removed address is still told for a week.
create table removed_addresses (
    tenant_id uuid not null,
    account_id uuid not null,
    security_info_id uuid not null,
    channel text not null,
    address text not null,
    removed_at bigint not null,
    primary key (tenant_id, account_id, security_info_id)
);

create index removed_addresses_by_age on removed_addresses (removed_at);

-- Hashes that were replaced, by the epoch they were good in.
create table password_history (
    tenant_id uuid not null,
    account_id uuid not null,
    epoch bigint not null,
    password_hash bytea not null,
    primary key (tenant_id, account_id, epoch),
    foreign key (tenant_id, account_id) references accounts
);

create table sessions (
    tenant_id uuid not null,
    session_id uuid not null,
    account_id uuid not null,
    epoch bigint not null,
    authenticated_at bigint not null,
    strong boolean not null,
    refresh_hash bytea not null,
    previous_refresh_hash bytea,
    rotated_at bigint not null,
    user_agent_family text not null,
    created_at bigint not null,
    refreshed_at bigint not null,
    expires_at bigint not null,
    ended_at bigint,
    ending text,
    primary key (tenant_id, session_id),
    foreign key (tenant_id, account_id) references accounts
) with (fillfactor = 80);

create index sessions_by_account on sessions (tenant_id, account_id, created_at) where ended_at is null;
create index sessions_by_end on sessions (expires_at);

-- Keyed hashes stand for login and place, so unknown logins are counted like known ones. An empty place_key is the
-- record that strangers spend; a familiar place has its own.
create table lockouts (
    tenant_id uuid not null,
    login_key bytea not null,
    place_key bytea not null,
    wrong_in_a_row bigint not null,
    locked_until bigint,
    -- Fingerprints of 32 bytes each, newest first.
    last_wrong bytea not null,
    changed_at bigint not null,
    primary key (tenant_id, login_key, place_key)
) with (fillfactor = 80);

create index lockouts_by_age on lockouts (changed_at);

create table familiar_places (
    tenant_id uuid not null,
    login_key bytea not null,
    place_key bytea not null,
    seen_at bigint not null,
    primary key (tenant_id, login_key, place_key)
);

create index familiar_places_by_age on familiar_places (seen_at);

-- Tries of a method outlive its codes. No foreign key: decoys are counted alike, under a number of their own.
create table method_tries (
    tenant_id uuid not null,
    method_key uuid not null,
    -- Times of 8 bytes each, oldest first.
    recent bytea not null,
    in_a_row bigint not null,
    -- A try counts only while a code is live.
    live_until bigint not null,
    primary key (tenant_id, method_key)
) with (fillfactor = 80);

create index method_tries_by_end on method_tries (live_until) where in_a_row = 0;

-- Requests whose try was counted, so that a repeated call does not count twice.
create table counted_tries (
    tenant_id uuid not null,
    method_key uuid not null,
    request_key bytea not null,
    counted_at bigint not null,
    primary key (tenant_id, method_key, request_key)
);

create index counted_tries_by_age on counted_tries (counted_at);

create table reset_attempts (
    tenant_id uuid not null,
    reset_id uuid not null,
    attempts bigint not null,
    expires_at bigint not null,
    primary key (tenant_id, reset_id)
) with (fillfactor = 80);

create index reset_attempts_by_end on reset_attempts (expires_at);

create table help_requests (
    tenant_id uuid not null,
    help_request_id uuid not null,
    account_id uuid not null,
    message text not null,
    proved boolean not null,
    state text not null,
    handled_by uuid,
    created_at bigint not null,
    updated_at bigint not null,
    expires_at bigint not null,
    version bigint not null,
    -- When a digest told of it.
    digested_at bigint,
    primary key (tenant_id, help_request_id),
    foreign key (tenant_id, account_id) references accounts
);

-- An account has one pending request at most, whoever files at the same time.
create unique index help_requests_pending on help_requests (tenant_id, account_id)
    where state in ('open', 'claimed');
create index help_requests_undigested on help_requests (tenant_id, created_at)
    where digested_at is null and not proved and state in ('open', 'claimed');

-- What a request was answered, so that a repeat gets the same. The nil tenant keeps those that make a tenant.
create table answers (
    tenant_id uuid not null,
    request_key bytea not null,
    content bytea not null,
    answer bytea not null,
    expires_at bigint not null,
    primary key (tenant_id, request_key)
);

create index answers_by_end on answers (expires_at);

-- Notices on their way to notification. A claim moves due_at to the end of its lease and raises the fence.
create table outbox (
    tenant_id uuid not null,
    notice_id uuid not null,
    content bytea not null,
    not_after bigint not null,
    queued_at bigint not null,
    due_at bigint not null,
    fence bigint not null,
    primary key (tenant_id, notice_id)
);

create index outbox_due on outbox (due_at);
create index outbox_by_end on outbox (not_after);
-- A settled notice comes back by its id alone.
create unique index outbox_by_id on outbox (notice_id);

-- Append-only, and partitioned by time from the start, so that forgetting drops a table instead of deleting rows.
-- `link` is the hash over the link before it and the event, by position within the tenant.
create table audit_events (
    tenant_id uuid not null,
    at bigint not null,
    event_id uuid not null,
    position bigint not null,
    kind text not null,
    outcome text not null,
    reason text,
    actor text not null,
    actor_id uuid,
    caller text,
    subject text not null,
    subject_id uuid,
    subject_login bytea,
    ip_address text,
    masked_place text,
    trace_id bytea,
    count bigint not null,
    link bytea not null,
    primary key (tenant_id, at, event_id)
) partition by range (at);

create index audit_events_by_position on audit_events (tenant_id, position);

-- Takes events of an instant that nothing was prepared for, so that a step never fails for want of a partition.
create table audit_events_default partition of audit_events default;

-- Makes the partition of 4 weeks (counted from the epoch) that an instant falls into; true if it did. It does not
-- while the default partition holds events of those weeks: they stay readable there. The table is built beside and
-- attached, which lets reading and writing of the other partitions go on.
create function ensure_audit_partition(instant bigint) returns boolean language plpgsql as $$
declare
    micros constant bigint := 2419200000000;
    number constant bigint := floor(instant / micros::numeric);
    name constant text := format('audit_events_p%s', number);
begin
    if to_regclass(name) is not null then
        return false;
    end if;
    perform pg_advisory_xact_lock(hashtext('rekey audit partitions'));
    if to_regclass(name) is not null or exists (
        select from audit_events_default where at >= number * micros and at < (number + 1) * micros
    ) then
        return false;
    end if;
    execute format('create table %I (like audit_events including defaults)', name);
    execute format(
        'alter table audit_events attach partition %I for values from (%s) to (%s)',
        name, number * micros, (number + 1) * micros
    );
    return true;
end
$$;

-- The end of each tenant's chain: whoever appends goes through this row.
create table audit_heads (
    tenant_id uuid not null primary key,
    position bigint not null,
    link bytea not null
) with (fillfactor = 50);

create table groups (
    tenant_id uuid not null references tenants,
    group_id uuid not null,
    display_name text not null,
    created_at bigint not null,
    updated_at bigint not null,
    version bigint not null,
    primary key (tenant_id, group_id)
);

-- A member is an account or a group; the walk starts at the member, so it leads.
create table group_members (
    tenant_id uuid not null,
    member_id uuid not null,
    group_id uuid not null,
    primary key (tenant_id, member_id, group_id),
    foreign key (tenant_id, group_id) references groups
);

-- What the schema is, and the oldest code that still works with it: only older code is refused.
create table schema_version (
    version bigint not null,
    serves_since bigint not null
);

insert into schema_version (version, serves_since) values (1, 1);
