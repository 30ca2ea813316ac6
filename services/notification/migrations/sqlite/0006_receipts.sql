-- What was heard of messages after they were handed over, and the addresses that get none any more.

-- A keyed hash of the address, written before a message is handed over: the payload with the address is wiped by the time
-- somebody reports of it. Null where receipts are off, and for messages of the code before.
alter table notification add column address_hash blob;
-- 1 delayed, 2 delivered, 3 failed, 4 complained about; it only grows.
alter table notification add column receipt_state integer;
alter table notification add column receipt_at integer;
-- A code of digits and dots, or empty.
alter table notification add column receipt_detail text not null default '';

create table suppression (
    tenant_id blob not null,
    channel text not null,
    -- Keyed: the table tells nobody whose addresses these are.
    address_hash blob not null,
    -- 0 for all, or the number of a lane.
    stream integer not null,
    -- 1 hard bounce, 2 complaint, 3 unsubscribed, 4 written down by somebody.
    reason integer not null,
    masked_destination text not null,
    created_at integer not null,
    -- Null: until it is taken back.
    expires_at integer,
    primary key (tenant_id, channel, address_hash, stream)
) strict, without rowid;

create index suppression_ages on suppression (tenant_id, created_at);
create index suppression_expiry on suppression (expires_at) where expires_at is not null;

-- How long the receipts of a provider took lately: decoys of text messages get theirs after as long, so that a missing one
-- does not tell them from messages.
create table receipt_pace (
    provider text not null primary key,
    took integer not null,
    heard_at integer not null
) strict, without rowid;

-- Decoys that still have no receipt.
create index notification_decoys on notification (created_at)
    where decoy and state = 3 and receipt_state is null and channel = 'sms';

update schema_version set version = 6;
