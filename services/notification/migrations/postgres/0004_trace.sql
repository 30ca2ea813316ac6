-- Which call a message came with: the trace that it belongs to, which is the support code that people read out, and the span
-- of that call. None for messages of the code before.
-- The lock goes through all partitions, so it is waited for only briefly: a migration that meets a long statement is
-- started again instead of holding up everybody behind it.
set local lock_timeout = '5s';

alter table notification add column trace_id bytea;
alter table notification add column span_id bytea;

-- A code finds its messages. The weeks that are to come get the index when they are attached; those behind us hold no trace,
-- and building it on them would keep everybody waiting who writes. This week and those made ahead are built here.
create index notification_traces on only notification (tenant_id, trace_id, created_at) where trace_id is not null;

do $$
declare
    week regclass;
begin
    for week in
        select child.oid::regclass from pg_inherits join pg_class child on child.oid = pg_inherits.inhrelid
        where pg_inherits.inhparent = 'notification'::regclass
        order by substring(child.relname from '\d+$')::bigint desc limit 5
    loop
        execute format('create index on %s (tenant_id, trace_id, created_at) where trace_id is not null', week);
    end loop;
end
$$;

update schema_version set version = 4;
