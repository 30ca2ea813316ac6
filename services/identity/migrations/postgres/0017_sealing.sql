-- Events that committed and have no place in their tenant's chain yet. Whoever appends writes here and waits for nobody;
-- sealing moves them into `audit_events`, in batches. Code that knows nothing of it appends to the chain as before, through
-- the same row of `audit_heads` that sealing locks.
create table audit_pending (
    tenant_id uuid not null,
    event_id uuid not null,
    at bigint not null,
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
    folded_accounts text,
    -- The order of writing, by which events of one batch get their places.
    number bigint not null generated always as identity,
    primary key (tenant_id, event_id)
    -- A queue: what left it is cleared away often, however small its share.
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_insert_threshold = -1);

-- The last event that was forgotten, and its link: where the rest of the chain begins. Null where logs were cut before
-- links were kept.
alter table audit_heads add column forgotten_position bigint not null default 0;
alter table audit_heads add column forgotten_link bytea;
update audit_heads h set forgotten_position = f.position - 1
from (
    select a.tenant_id, e.position from audit_heads a cross join lateral (
        select position from audit_events where tenant_id = a.tenant_id order by position limit 1
    ) e
) f
where h.tenant_id = f.tenant_id and f.position > 1;

-- What lists are led by. Partitions of an empty log and those to come have them at once; those that hold events get theirs one
-- by one and beside the writers, when `rekey migrate` is done here.
do $$
declare
    scope constant text := case when exists (select from audit_events) then 'on only' else 'on' end;
begin
    execute format('create index audit_events_by_subject %s audit_events (tenant_id, subject_id, at, event_id)', scope);
    execute format('create index audit_events_by_actor %s audit_events (tenant_id, actor_id, at, event_id)', scope);
    execute format(
        'create index audit_events_by_kind %s audit_events (tenant_id, kind, at, event_id, outcome, count)', scope
    );
    execute format('create index audit_events_by_outcome %s audit_events (tenant_id, outcome, at, event_id)', scope);
    execute format('create index audit_events_by_trace %s audit_events (tenant_id, trace_id, at, event_id)', scope);
end
$$;

update schema_version set version = 17;
