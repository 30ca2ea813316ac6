-- Accounts that are erased: of one under way its id, of one that is done the keyed hash alone, by which whatever is sealed later is
-- known to be of it. Code that knows nothing of it erases nothing.
create table erasures (
    tenant_id blob not null,
    account_hash blob not null,
    account_id blob,
    erased_at integer not null,
    primary key (tenant_id, account_hash)
) strict, without rowid;

create index erasures_under_way on erasures (tenant_id, account_id) where account_id is not null;

-- What the link of an event is made over: 1, all of its fields; 2, commitments in place of what identifies people. Code that
-- knows nothing of it seals in format 1 as before.
alter table audit_events add column link_format integer not null default 1;
alter table audit_events add column actor_salt blob;
alter table audit_events add column subject_salt blob;
-- What is left where a part was erased; its salt and its fields are null then.
alter table audit_events add column actor_commitment blob;
alter table audit_events add column subject_commitment blob;
-- The keyed hashes of the accounts of an event, 16 bytes each, which the link is made over.
alter table audit_events add column actor_hash blob;
alter table audit_events add column account_hashes blob;

-- The few events that name several accounts, which no index of one account finds.
create index audit_events_folded on audit_events (tenant_id, at, event_id) where folded_accounts is not null;

create index help_requests_by_handler on help_requests (tenant_id, handled_by);

update schema_version set version = 24;
