-- Distributes what notification remembers of requests by tenant over a Citus cluster: once, on the coordinator, behind
-- `rekey migrate` on an empty database. What holds and what does not is in docs/citus.md.

select create_distributed_table('request', 'tenant_id');

-- Addresses that get no messages, by tenant.
select create_distributed_table('suppression', 'tenant_id');

-- On the coordinator: workers lock the messages of all tenants that are due (`for update skip locked`), which Citus does on one node only.
select citus_add_local_table_to_metadata('notification');

-- Its statements name their tenant, and nothing refers to it.
select create_distributed_table('template_version', 'tenant_id');
-- Accepted beside them, in one step.
select citus_add_local_table_to_metadata('deduplication');
