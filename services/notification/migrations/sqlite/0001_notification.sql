-- Messages until they are delivered, dropped or dead, for one process and one file.
-- Instants are microseconds since the Unix epoch; numbers of states, lanes and classes are those of the contract.

create table notification (
    tenant_id blob not null,
    id blob not null,
    created_at integer not null,
    changed_at integer not null,
    lane integer not null,
    state integer not null,
    template text not null,
    locale text not null,
    channel text not null,
    masked_destination text not null,
    reference text not null,
    decoy integer not null,
    -- Sealed destination and variables; null once nobody may use them any more.
    payload blob,
    tries integer not null,
    -- Raised by every claim: what an older claim records counts for nothing.
    fence integer not null,
    lease_until integer,
    next_try_at integer,
    not_after integer not null,
    last_failure integer,
    provider text not null,
    primary key (tenant_id, created_at, id)
) strict, without rowid;

-- Lanes share no index: a long one never slows the look into a short one.
create index notification_critical on notification (next_try_at) where state = 1 and lane = 1;
create index notification_transactional on notification (next_try_at) where state = 1 and lane = 2;
create index notification_bulk on notification (next_try_at) where state = 1 and lane = 3;
create index notification_leases on notification (lease_until) where state = 2;
create index notification_payloads on notification (not_after) where payload is not null;
create index notification_references on notification (tenant_id, reference, created_at) where reference <> '';
create index notification_ages on notification (created_at);

-- Request ids live shorter than messages, so they have a table of their own.
create table request (
    tenant_id blob not null,
    request_id blob not null,
    -- 1 accepted a message, 2 withdrew one, 3 queued one again.
    action integer not null,
    notification_id blob not null,
    created_at integer not null,
    expires_at integer not null,
    fingerprint blob not null,
    primary key (tenant_id, request_id)
) strict, without rowid;

create index request_expiry on request (expires_at);

-- What the schema is, and the oldest code that still works with it: only older code is refused.
create table schema_version (
    version integer not null,
    oldest_code integer not null
) strict;

insert into schema_version (version, oldest_code) values (1, 1);
