-- Whether an entry is still there is asked for by its id alone, for attempts that were abandoned long ago.
create index security_info_by_id on security_info (tenant_id, security_info_id);

update schema_version set version = 23;
