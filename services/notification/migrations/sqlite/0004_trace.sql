-- Which call a message came with: the trace that it belongs to, which is the support code that people read out, and the span
-- of that call. None for messages of the code before.
alter table notification add column trace_id blob;
alter table notification add column span_id blob;

-- A code finds its messages. Empty when it is made, since no message has a trace yet: it holds nobody up.
create index notification_traces on notification (tenant_id, trace_id, created_at) where trace_id is not null;

update schema_version set version = 4;
