-- Events that committed and have no place in their tenant's chain yet; sealing moves them into `audit_events`.
create table audit_pending (
    tenant_id blob not null,
    event_id blob not null,
    at integer not null,
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
    folded_accounts text,
    primary key (tenant_id, event_id)
    -- With a rowid: the order of writing, by which events of one batch get their places.
) strict;

-- The last event that was forgotten, and its link: where the rest of the chain begins. Null where logs were cut before
-- links were kept.
alter table audit_heads add column forgotten_position integer not null default 0;
alter table audit_heads add column forgotten_link blob;
update audit_heads set forgotten_position = coalesce((
    select e.position - 1 from audit_events e where e.tenant_id = audit_heads.tenant_id order by e.position limit 1
), 0);

-- What lists are led by.
create index audit_events_by_subject on audit_events (tenant_id, subject_id, at, event_id);
create index audit_events_by_actor on audit_events (tenant_id, actor_id, at, event_id);
create index audit_events_by_kind on audit_events (tenant_id, kind, at, event_id, outcome, count);
create index audit_events_by_outcome on audit_events (tenant_id, outcome, at, event_id);
create index audit_events_by_trace on audit_events (tenant_id, trace_id, at, event_id);

update schema_version set version = 17;
