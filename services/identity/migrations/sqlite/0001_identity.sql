-- Everything identity remembers, for one process and one file; the same tables as in Postgres.
-- Instants (*_at, *_until) are microseconds since the Unix epoch, ids are the 16 bytes of a UUID.
-- tenant_id leads every primary key, so that one tenant's rows lie together and no statement can forget it.

create table tenants (
    tenant_id blob not null primary key,
    handle text not null unique,
    display_name text not null,
    -- Null: as many seats as there are accounts.
    licensed_accounts integer,
    help_mailbox text,
    help_url text,
    created_at integer not null,
    updated_at integer not null,
    version integer not null
) strict, without rowid;

create table tenant_domains (
    tenant_id blob not null references tenants,
    domain text not null,
    position integer not null,
    primary key (tenant_id, domain)
) strict, without rowid;

-- A domain names one tenant in the whole suite; also how LookupTenant finds it.
create unique index tenant_domains_of_suite on tenant_domains (domain);

-- Every revision stays: ListPolicyRevisions shows them and a rollback copies one.
create table policies (
    tenant_id blob not null references tenants,
    version integer not null,
    document text not null,
    changed_by blob,
    changed_at integer not null,
    primary key (tenant_id, version)
) strict, without rowid;

create table accounts (
    tenant_id blob not null references tenants,
    account_id blob not null,
    external_id text,
    display_name text not null,
    epoch integer not null,
    recovery_version integer not null,
    blocked integer not null,
    frozen integer not null,
    managed_elsewhere integer not null,
    -- One bit per role, in the order of the specification.
    roles integer not null,
    reconfirmed_at integer,
    created_at integer not null,
    updated_at integer not null,
    deleted_at integer,
    version integer not null,
    -- Sealed under the pepper; null, like all of these, while there is no password.
    password_hash blob,
    password_set_at integer,
    password_must_change integer,
    password_temporary_until integer,
    password_expiry_exempt integer,
    password_expiry_counts_from integer,
    primary key (tenant_id, account_id)
) strict, without rowid;

-- Deleted accounts keep theirs until purge, so the index has no condition on deleted_at.
create unique index accounts_by_external_id on accounts (tenant_id, external_id) where external_id is not null;
-- Seats go to accounts in order of creation.
create index accounts_by_age on accounts (tenant_id, created_at, account_id) where deleted_at is null;
-- Few of many: who is told of help requests, and the count of global administrators.
create index administrators on accounts (tenant_id, account_id) where roles <> 0;

create table logins (
    tenant_id blob not null,
    login text not null,
    account_id blob not null,
    -- 0 is the login that is shown.
    position integer not null,
    primary key (tenant_id, login),
    foreign key (tenant_id, account_id) references accounts
) strict, without rowid;

create index logins_by_account on logins (tenant_id, account_id, position);

create table security_info (
    tenant_id blob not null,
    account_id blob not null,
    security_info_id blob not null,
    kind text not null,
    -- Of kinds that are an address.
    address text,
    label text,
    is_default integer not null,
    standing text not null,
    confirmed_at integer,
    disabled integer not null,
    is_first integer not null,
    added_at integer not null,
    changed_at integer not null,
    -- Of authenticators: the shape of the codes, the sealed key, the last step that was taken.
    totp_hash text,
    totp_digits integer,
    totp_key blob,
    totp_last_step integer,
    -- Of saved lists.
    codes_remaining integer,
    primary key (tenant_id, account_id, security_info_id),
    foreign key (tenant_id, account_id) references accounts
) strict, without rowid;

-- A removed address is still told for a week.
create table removed_addresses (
    tenant_id blob not null,
    account_id blob not null,
    security_info_id blob not null,
    channel text not null,
    address text not null,
    removed_at integer not null,
    primary key (tenant_id, account_id, security_info_id)
) strict, without rowid;

create index removed_addresses_by_age on removed_addresses (removed_at);

-- Hashes that were replaced, by the epoch they were good in.
create table password_history (
    tenant_id blob not null,
    account_id blob not null,
    epoch integer not null,
    password_hash blob not null,
    primary key (tenant_id, account_id, epoch),
    foreign key (tenant_id, account_id) references accounts
) strict, without rowid;

create table sessions (
    tenant_id blob not null,
    session_id blob not null,
    account_id blob not null,
    epoch integer not null,
    authenticated_at integer not null,
    strong integer not null,
    refresh_hash blob not null,
    previous_refresh_hash blob,
    rotated_at integer not null,
    user_agent_family text not null,
    created_at integer not null,
    refreshed_at integer not null,
    expires_at integer not null,
    ended_at integer,
    ending text,
    primary key (tenant_id, session_id),
    foreign key (tenant_id, account_id) references accounts
) strict, without rowid;

create index sessions_by_account on sessions (tenant_id, account_id, created_at) where ended_at is null;
create index sessions_by_end on sessions (expires_at);

-- Keyed hashes stand for login and place, so unknown logins are counted like known ones. An empty place_key is the
-- record that strangers spend; a familiar place has its own.
create table lockouts (
    tenant_id blob not null,
    login_key blob not null,
    place_key blob not null,
    wrong_in_a_row integer not null,
    locked_until integer,
    -- Fingerprints of 32 bytes each, newest first.
    last_wrong blob not null,
    changed_at integer not null,
    primary key (tenant_id, login_key, place_key)
) strict, without rowid;

create index lockouts_by_age on lockouts (changed_at);

create table familiar_places (
    tenant_id blob not null,
    login_key blob not null,
    place_key blob not null,
    seen_at integer not null,
    primary key (tenant_id, login_key, place_key)
) strict, without rowid;

create index familiar_places_by_age on familiar_places (seen_at);

-- Tries of a method outlive its codes. No foreign key: decoys are counted alike, under a number of their own.
create table method_tries (
    tenant_id blob not null,
    method_key blob not null,
    -- Times of 8 bytes each, oldest first.
    recent blob not null,
    in_a_row integer not null,
    -- A try counts only while a code is live.
    live_until integer not null,
    primary key (tenant_id, method_key)
) strict, without rowid;

create index method_tries_by_end on method_tries (live_until) where in_a_row = 0;

-- Requests whose try was counted, so that a repeated call does not count twice.
create table counted_tries (
    tenant_id blob not null,
    method_key blob not null,
    request_key blob not null,
    counted_at integer not null,
    primary key (tenant_id, method_key, request_key)
) strict, without rowid;

create index counted_tries_by_age on counted_tries (counted_at);

create table reset_attempts (
    tenant_id blob not null,
    reset_id blob not null,
    attempts integer not null,
    expires_at integer not null,
    primary key (tenant_id, reset_id)
) strict, without rowid;

create index reset_attempts_by_end on reset_attempts (expires_at);

create table help_requests (
    tenant_id blob not null,
    help_request_id blob not null,
    account_id blob not null,
    message text not null,
    proved integer not null,
    state text not null,
    handled_by blob,
    created_at integer not null,
    updated_at integer not null,
    expires_at integer not null,
    version integer not null,
    -- When a digest told of it.
    digested_at integer,
    primary key (tenant_id, help_request_id),
    foreign key (tenant_id, account_id) references accounts
) strict, without rowid;

-- An account has one pending request at most, whoever files at the same time.
create unique index help_requests_pending on help_requests (tenant_id, account_id)
    where state in ('open', 'claimed');
create index help_requests_undigested on help_requests (tenant_id, created_at)
    where digested_at is null and proved = 0 and state in ('open', 'claimed');

-- What a request was answered, so that a repeat gets the same. The nil tenant keeps those that make a tenant.
create table answers (
    tenant_id blob not null,
    request_key blob not null,
    content blob not null,
    answer blob not null,
    expires_at integer not null,
    primary key (tenant_id, request_key)
) strict, without rowid;

create index answers_by_end on answers (expires_at);

-- Notices on their way to notification. A claim moves due_at to the end of its lease and raises the fence.
create table outbox (
    tenant_id blob not null,
    notice_id blob not null,
    content blob not null,
    not_after integer not null,
    queued_at integer not null,
    due_at integer not null,
    fence integer not null,
    primary key (tenant_id, notice_id)
) strict, without rowid;

create index outbox_due on outbox (due_at);
create index outbox_by_end on outbox (not_after);
-- A settled notice comes back by its id alone.
create unique index outbox_by_id on outbox (notice_id);

-- Append-only. `link` is the hash over the link before it and the event, by position within the tenant.
create table audit_events (
    tenant_id blob not null,
    at integer not null,
    event_id blob not null,
    position integer not null,
    kind text not null,
    outcome text not null,
    reason text,
    actor text not null,
    actor_id blob,
    caller text,
    subject text not null,
    subject_id blob,
    subject_login blob,
    ip_address text,
    masked_place text,
    trace_id blob,
    count integer not null,
    link blob not null,
    primary key (tenant_id, at, event_id)
) strict, without rowid;

create unique index audit_events_by_position on audit_events (tenant_id, position);

-- The end of each tenant's chain: whoever appends goes through this row.
create table audit_heads (
    tenant_id blob not null primary key,
    position integer not null,
    link blob not null
) strict, without rowid;

create table groups (
    tenant_id blob not null references tenants,
    group_id blob not null,
    display_name text not null,
    created_at integer not null,
    updated_at integer not null,
    version integer not null,
    primary key (tenant_id, group_id)
) strict, without rowid;

-- A member is an account or a group; the walk starts at the member, so it leads.
create table group_members (
    tenant_id blob not null,
    member_id blob not null,
    group_id blob not null,
    primary key (tenant_id, member_id, group_id),
    foreign key (tenant_id, group_id) references groups
) strict, without rowid;

-- What the schema is, and the oldest code that still works with it: only older code is refused.
create table schema_version (
    version integer not null,
    serves_since integer not null
) strict;

insert into schema_version (version, serves_since) values (1, 1);
