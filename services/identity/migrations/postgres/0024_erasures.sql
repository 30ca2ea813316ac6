-- Accounts that are erased: of one under way its id, of one that is done the keyed hash alone, by which whatever is sealed later is
-- known to be of it. Code that knows nothing of it erases nothing.
create table erasures (
    tenant_id uuid not null,
    account_hash uuid not null,
    account_id uuid,
    erased_at bigint not null,
    primary key (tenant_id, account_hash)
);

create index erasures_under_way on erasures (tenant_id, account_id) where account_id is not null;

-- What the link of an event is made over: 1, all of its fields; 2, commitments in place of what identifies people. Code that
-- knows nothing of it seals in format 1 as before.
alter table audit_events add column link_format bigint not null default 1;
alter table audit_events add column actor_salt bytea;
alter table audit_events add column subject_salt bytea;
-- What is left where a part was erased; its salt and its fields are null then.
alter table audit_events add column actor_commitment bytea;
alter table audit_events add column subject_commitment bytea;
-- The keyed hashes of the accounts of an event, 16 bytes each, which the link is made over.
alter table audit_events add column actor_hash bytea;
alter table audit_events add column account_hashes bytea;

-- The few events that name several accounts, which no index of one account finds. As with the others, partitions that hold events
-- get theirs when `rekey migrate` is done here.
do $$
declare
    scope constant text := case when exists (select from audit_events) then 'on only' else 'on' end;
begin
    execute format(
        'create index audit_events_folded %s audit_events (tenant_id, at, event_id) where folded_accounts is not null', scope
    );
end
$$;

update schema_version set version = 24;
