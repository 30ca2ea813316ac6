-- What was heard of messages after they were handed over, and the addresses that get none any more.
-- The lock goes through all partitions, so it is waited for only briefly: a migration that meets a long statement is
-- started again instead of holding up everybody behind it.
set local lock_timeout = '5s';

-- A keyed hash of the address, written before a message is handed over: the payload with the address is wiped by the time
-- somebody reports of it. Null where receipts are off, and for messages of the code before.
alter table notification add column address_hash bytea;
-- 1 delayed, 2 delivered, 3 failed, 4 complained about; it only grows.
alter table notification add column receipt_state smallint;
alter table notification add column receipt_at bigint;
-- A code of digits and dots, or empty.
alter table notification add column receipt_detail text not null default '';

create table suppression (
    tenant_id uuid not null,
    channel text not null,
    -- Keyed: the table tells nobody whose addresses these are.
    address_hash bytea not null,
    -- 0 for all, or the number of a lane.
    stream smallint not null,
    -- 1 hard bounce, 2 complaint, 3 unsubscribed, 4 written down by somebody.
    reason smallint not null,
    masked_destination text not null,
    created_at bigint not null,
    -- Null: until it is taken back.
    expires_at bigint,
    primary key (tenant_id, channel, address_hash, stream)
);

create index suppression_ages on suppression (tenant_id, created_at);
create index suppression_expiry on suppression (expires_at) where expires_at is not null;

-- How long the receipts of a provider took lately: decoys of text messages get theirs after as long, so that a missing one
-- does not tell them from messages.
create table receipt_pace (
    provider text not null primary key,
    took bigint not null,
    heard_at bigint not null
);

-- Decoys that still have no receipt. Not by when they changed: an index on that column would make every change of a message
-- write to all indexes. The weeks that are to come get the index when they are attached; of those behind us only
-- this one and those made ahead can hold such a decoy.
create index notification_decoys on only notification (created_at)
    where decoy and state = 3 and receipt_state is null and channel = 'sms';

do $$
declare
    week regclass;
begin
    for week in
        select child.oid::regclass from pg_inherits join pg_class child on child.oid = pg_inherits.inhrelid
        where pg_inherits.inhparent = 'notification'::regclass
        order by substring(child.relname from '\d+$')::bigint desc limit 5
    loop
        execute format(
            'create index on %s (created_at) where decoy and state = 3 and receipt_state is null and channel = ''sms''', week
        );
    end loop;
end
$$;

update schema_version set version = 6;
