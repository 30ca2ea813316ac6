-- What tenants have messages say, version by version: a change makes the next one, and the newest is in force. Code that knows
-- nothing of it writes the built-in texts.
create table template_version (
    tenant_id blob not null,
    template text not null,
    locale text not null,
    version integer not null,
    -- As in the contract: set, reset, rolled back.
    action integer not null,
    -- The version that a rollback took its parts from.
    restored integer,
    -- All null where the built-in text is in force by this version.
    subject text,
    body text,
    sms text,
    -- The caller that made it.
    author text not null,
    created_at integer not null,
    -- What makes a repeated call the same call.
    request_id blob not null,
    primary key (tenant_id, template, locale, version)
) strict, without rowid;

create unique index template_version_requests on template_version (tenant_id, request_id);

update schema_version set version = 7;
