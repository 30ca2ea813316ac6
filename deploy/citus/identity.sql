-- Distributes identity by tenant over a Citus cluster: once, on the coordinator, behind `rekey migrate` on an empty database.
-- What holds and what does not is in docs/citus.md; a test compares the tables here with those there are.

-- On every node: names that are unique in the whole suite, and what everything else refers to.
select create_reference_table('tenants');
select create_reference_table('tenant_domains');

-- By tenant, each beside the others of its tenant.
select create_distributed_table('accounts', 'tenant_id');
select create_distributed_table('groups', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('security_info', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('access_passes', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('account_import_chunks', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('account_import_rejections', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('account_imports', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('answers', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('audit_events', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('audit_heads', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('audit_pending', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('audit_webhooks', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('bulk_reset_accounts', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('bulk_resets', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('counted_tries', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('decoy_sends', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('erasures', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('expiry_notices', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('familiar_places', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('group_members', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('help_requests', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('last_sign_ins', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('linked_accounts', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('lockouts', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('logins', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('method_shares', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('method_tries', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('passkey_credentials', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('password_history', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('policies', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('portal_logos', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('recovery_codes', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('removed_addresses', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('reset_attempts', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('reset_codes', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('security_info_codes', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('sessions', 'tenant_id', colocate_with => 'accounts');
select create_distributed_table('spent_passkey_challenges', 'tenant_id', colocate_with => 'accounts');

-- On the coordinator: a relay locks the notices of all tenants that are due (`for update skip locked`), which Citus does on one node only.
select citus_add_local_table_to_metadata('outbox');
