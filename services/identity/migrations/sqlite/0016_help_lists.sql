-- Help requests listed by state, and found when their time is over. Code that knows nothing of them goes on as before.
create index help_requests_by_state on help_requests (tenant_id, state, help_request_id);
create index help_requests_by_end on help_requests (expires_at) where state in ('open', 'claimed');

update schema_version set version = 15;
