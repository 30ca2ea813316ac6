-- Passwords by when their expiry counts from, which a new password changes and nothing else: other writes of an account leave the
-- index alone.
create index accounts_by_password_expiry on accounts (tenant_id, password_expiry_counts_from, account_id)
    where password_expiry_counts_from is not null and not password_expiry_exempt and deleted_at is null;

update schema_version set version = 12;
