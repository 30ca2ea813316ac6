-- Messages until they are delivered, dropped or dead.
-- Instants are microseconds since the Unix epoch; numbers of states, lanes and classes are those of the contract.
-- Partitioned by time from the start, so that forgetting old journeys drops a table instead of deleting rows.

create table notification (
    tenant_id uuid not null,
    id uuid not null,
    created_at bigint not null,
    changed_at bigint not null,
    lane smallint not null,
    state smallint not null,
    template text not null,
    locale text not null,
    channel text not null,
    masked_destination text not null,
    reference text not null,
    decoy boolean not null,
    -- Sealed destination and variables; null once nobody may use them any more.
    payload bytea,
    tries integer not null,
    -- Raised by every claim: what an older claim records counts for nothing.
    fence bigint not null,
    lease_until bigint,
    next_try_at bigint,
    not_after bigint not null,
    last_failure smallint,
    provider text not null,
    -- The id's own millisecond leads to the partition, so a look-up by id touches one.
    primary key (tenant_id, created_at, id)
) partition by range (created_at);

-- Lanes share no index: a long one never slows the look into a short one.
create index notification_critical on notification (next_try_at) where state = 1 and lane = 1;
create index notification_transactional on notification (next_try_at) where state = 1 and lane = 2;
create index notification_bulk on notification (next_try_at) where state = 1 and lane = 3;
create index notification_leases on notification (lease_until) where state = 2;
create index notification_payloads on notification (not_after) where payload is not null;
create index notification_references on notification (tenant_id, reference, created_at) where reference <> '';

-- Reads the catalogue's rows. to_regclass would answer from a cache that waiting for an advisory lock does not renew,
-- so of two processes that start together one would try to make what the other had just made.
create function is_notification_partition(name text) returns boolean language plpgsql as $$
begin
    return exists (
        select from pg_inherits join pg_class child on child.oid = pg_inherits.inhrelid
        where pg_inherits.inhparent = 'notification'::regclass and child.relname = name
    );
end
$$;

-- Makes the partition of one week (counted from the epoch) if it is missing; true if it did. The table is built
-- beside and attached, which lets reading and writing go on; fillfactor leaves room for a row's few updates.
create function ensure_notification_week(week bigint) returns boolean language plpgsql as $$
declare
    micros constant bigint := 604800000000;
    name constant text := format('notification_w%s', week);
begin
    if is_notification_partition(name) then
        return false;
    end if;
    perform pg_advisory_xact_lock(hashtext('notification weeks'));
    if is_notification_partition(name) then
        return false;
    end if;
    execute format('create table %I (like notification including defaults) with (fillfactor = 70)', name);
    execute format(
        'alter table notification attach partition %I for values from (%s) to (%s)',
        name, week * micros, (week + 1) * micros
    );
    return true;
end
$$;

-- Drops the partitions that ended before `horizon` and counts them.
create function drop_notification_weeks(horizon bigint) returns bigint language plpgsql as $$
declare
    micros constant bigint := 604800000000;
    dropped bigint := 0;
    name text;
begin
    for name in
        select child.relname from pg_inherits
        join pg_class child on child.oid = pg_inherits.inhrelid
        where pg_inherits.inhparent = 'notification'::regclass
          and (substring(child.relname from '^notification_w(\d+)$')::bigint + 1) * micros <= horizon
    loop
        execute format('drop table %I', name);
        dropped := dropped + 1;
    end loop;
    return dropped;
end
$$;

-- Request ids live shorter than messages, so they have a table of their own.
create table request (
    tenant_id uuid not null,
    request_id uuid not null,
    -- 1 accepted a message, 2 withdrew one, 3 queued one again.
    action smallint not null,
    notification_id uuid not null,
    created_at bigint not null,
    expires_at bigint not null,
    fingerprint bytea not null,
    primary key (tenant_id, request_id)
);

create index request_expiry on request (expires_at);

-- What the schema is, and the oldest code that still works with it: only older code is refused.
create table schema_version (
    version bigint not null,
    oldest_code bigint not null
);

insert into schema_version (version, oldest_code) values (1, 1);
