PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO _sqlx_migrations VALUES(1,'notification','2026-11-28 19:57:36',1,X'51663b1c10ec80744c6ad6a6c95c05fd4a97795f42a6f2048e38680681fe62cb05873aae606da10db39943507600baac',951772);
INSERT INTO _sqlx_migrations VALUES(2,'doubt','2026-11-28 19:57:36',1,X'd18dae103cd1571da478b149ec93602681c91ef61f28d2b1fb5c6360dfda531bbe4cf131ec40f151119d5163524094cc',661589);
CREATE TABLE notification (
    tenant_id blob not null,
    id blob not null,
    created_at integer not null,
    changed_at integer not null,
    lane integer not null,
    state integer not null,
    template text not null,
    locale text not null,
    channel text not null,
    masked_destination text not null,
    reference text not null,
    decoy integer not null,
    -- Sealed destination and variables; null once nobody may use them any more.
    payload blob,
    tries integer not null,
    -- Raised by every claim: what an older claim records counts for nothing.
    fence integer not null,
    lease_until integer,
    next_try_at integer,
    not_after integer not null,
    last_failure integer,
    provider text not null, in_doubt integer not null default 0,
    primary key (tenant_id, created_at, id)
) strict, without rowid;
INSERT INTO notification VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc18847a9dbb5d0fa239c956d5',1795895859332664,1795895861160629,1,1,'password_reset_code','','email','b•••••@d•••••','e046d586-3ff7-8687-8009-52c2bd9350f5',0,X'01c48cce18bd9b5fbeee6a0ddf6e99e368b3e236f679326d5794f63f3abf8cec58527fad7197ba59a87a78a37768e9ca4dd0e2bb47860e0964edb4241ad5ebac0ade7a4ac23fe6143990f371656cca5d64ea0804f887392d2b3abac51644d2d32385ff9bc9bec8e561f9a4d31d6de890adf04e66ac13afb4349776b731ad',2,2,NULL,1795895863423768,1795896459332329,2,'smtp',0);
CREATE TABLE request (
    tenant_id blob not null,
    request_id blob not null,
    -- 1 accepted a message, 2 withdrew one, 3 queued one again.
    action integer not null,
    notification_id blob not null,
    created_at integer not null,
    expires_at integer not null,
    fingerprint blob not null,
    primary key (tenant_id, request_id)
) strict, without rowid;
INSERT INTO request VALUES(X'01a223bc0d807331b59d880ecae532a7',X'49c4d48627a284fcaf910ce43c75eefd',1,X'01a223bc18847a9dbb5d0fa239c956d5',1795895859332664,1795982259332664,X'01c48cce188334d5c1e286ae0e4d41568858aa87558c168eaa0a660efa7e7a69be73024fc9d17cbdb3def86310238e636aa34a2ba7ee8d1ee6d02b1f36987ffc1ad67eb1f60ce4adc7bde2fb17');
CREATE TABLE schema_version (
    version integer not null,
    oldest_code integer not null
) strict;
INSERT INTO schema_version VALUES(2,1);
CREATE INDEX notification_critical on notification (next_try_at) where state = 1 and lane = 1;
CREATE INDEX notification_transactional on notification (next_try_at) where state = 1 and lane = 2;
CREATE INDEX notification_bulk on notification (next_try_at) where state = 1 and lane = 3;
CREATE INDEX notification_leases on notification (lease_until) where state = 2;
CREATE INDEX notification_payloads on notification (not_after) where payload is not null;
CREATE INDEX notification_references on notification (tenant_id, reference, created_at) where reference <> '';
CREATE INDEX notification_ages on notification (created_at);
CREATE INDEX request_expiry on request (expires_at);
COMMIT;
