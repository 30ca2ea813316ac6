//! Identity is killed at random points while it purges, beside a replica that purges as well: every account that was due is gone
//! whole, each with one event, and so is every tenant, with nothing of another.

use std::collections::BTreeMap;

use rekey::Part;
use rekey_primitives::clock::{Clock as _, SystemClock};
use rekey_primitives::entropy::{SystemEntropy, below};
use rekey_tests::backend::Backend;
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::waiting::eventually;
use rekey_wire::identity::v1::VerifyAuditRequest;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

/// Enough that a round takes many times as long as a start.
const ACCOUNTS: i64 = 600;
const KILLS: usize = 4;

/// Purging is always under way when identity is killed.
const SETTINGS: [(&str, &str); 2] =
    [("IDENTITY__JOBS__PURGE_SECONDS", "1"), ("IDENTITY__AUDIT__SEAL_MS", "20")];

/// Accounts with a login, sessions and requests for help each, deleted at an instant.
const DELETED: [&str; 5] = [
    "insert into accounts (tenant_id, account_id, display_name, epoch, recovery_version, blocked, frozen, managed_elsewhere,
        roles, created_at, updated_at, deleted_at, version)
     select $1, gen_random_uuid(), 'Person ' || n, 1, 1, false, false, false, 0, $2, $2, $2, 2 from generate_series(1, $3) n",
    "insert into logins (tenant_id, login, account_id, position)
     select tenant_id, 'p' || account_id, account_id, 0 from accounts where tenant_id = $1 and deleted_at = $2 limit $3",
    "insert into sessions (tenant_id, session_id, account_id, epoch, authenticated_at, strong, refresh_hash, rotated_at,
        user_agent_family, created_at, refreshed_at, expires_at)
     select tenant_id, gen_random_uuid(), account_id, 1, 0, false, '', 0, '', 0, 0, 9223372036854775807
     from accounts, generate_series(1, 3) where tenant_id = $1 and deleted_at = $2 limit 3 * $3",
    "insert into last_sign_ins (tenant_id, account_id, activity_at, signed_in_at)
     select tenant_id, account_id, $2, $2 from accounts where tenant_id = $1 and deleted_at = $2 limit $3",
    "insert into security_info (tenant_id, account_id, security_info_id, kind, address, is_default, standing, disabled,
        is_first, added_at, changed_at)
     select tenant_id, account_id, gen_random_uuid(), 'email', account_id || '@mail.example', true, 'confirmed', false, true, 0, 0
     from accounts where tenant_id = $1 and deleted_at = $2 limit $3",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_account_that_is_due_is_purged_once_when_identity_is_killed() {
    let (mut deployment, backend) = Deployment::start(Ground::new().await, &SETTINGS).await;
    let mut identity = PgConnection::connect(deployment.ground.identity.url()).await.unwrap();
    let tenant = Uuid::parse_str(&backend.tenant_id).unwrap();
    let long_ago = SystemClock.now().unix_micros() - 31 * 86_400_000_000;
    deployment.replicate(Part::Identity).await;
    // At once, since both processes purge already.
    let mut filling = identity.begin().await.unwrap();
    for insert in DELETED {
        let insert = sqlx::query(insert).bind(tenant).bind(long_ago).bind(ACCOUNTS);
        insert.execute(&mut *filling).await.unwrap();
    }
    filling.commit().await.unwrap();

    killed_while_falling(&mut deployment, &mut identity, DUE, 60).await;
    eventually("all of them are purged", async || (count(&mut identity, DUE).await == 0).then_some(())).await;

    let backend = Backend::new(deployment.connect(Part::Identity), backend.tenant_id);
    assert_log(&backend, &mut identity).await;
    for table in ["logins", "sessions", "last_sign_ins", "security_info"] {
        let left = format!(
            "select count(*) from {table} t where not exists (
            select 1 from accounts a where a.tenant_id = t.tenant_id and a.account_id = t.account_id)"
        );
        assert_eq!(count(&mut identity, &left).await, 0, "{table}");
    }
    deployment.stop().await;
}

/// Rows of a tenant that was deleted at an instant, for its purge to take in many steps.
const OF_DELETED_TENANT: [&str; 5] = [
    "insert into tenants (tenant_id, handle, display_name, created_at, updated_at, version, deleted_at)
     values ($1, 'leaving', 'Leaving', $2, $2, 2, $2)",
    "insert into accounts (tenant_id, account_id, display_name, epoch, recovery_version, blocked, frozen, managed_elsewhere,
        roles, created_at, updated_at, version)
     select $1, gen_random_uuid(), 'Person ' || n, 1, 1, false, false, false, 0, $2, $2, 1 from generate_series(1, 3000) n",
    "insert into logins (tenant_id, login, account_id, position)
     select tenant_id, 'p' || account_id, account_id, 0 from accounts where tenant_id = $1 and created_at = $2",
    "insert into sessions (tenant_id, session_id, account_id, epoch, authenticated_at, strong, refresh_hash, rotated_at,
        user_agent_family, created_at, refreshed_at, expires_at)
     select tenant_id, gen_random_uuid(), account_id, 1, 0, false, '', 0, '', 0, 0, 9223372036854775807
     from accounts, generate_series(1, 10) where tenant_id = $1 and created_at = $2",
    "insert into audit_events (tenant_id, at, event_id, position, kind, outcome, actor, subject, count, link)
     select $1, $2 + n, gen_random_uuid(), n, 'account.created', 'success', 'caller', 'tenant', 1, '' from generate_series(1, 30000) n",
];

/// What is left of what takes the most steps.
const LEFT_OF_TENANT: &str = "
    select (select count(*) from sessions) + (select count(*) from audit_events where position > 0 and link = '')";

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_due_is_purged_whole_when_identity_is_killed() {
    let (mut deployment, backend) = Deployment::start(Ground::new().await, &SETTINGS).await;
    let mut identity = PgConnection::connect(deployment.ground.identity.url()).await.unwrap();
    let (staying, leaving) = (Uuid::parse_str(&backend.tenant_id).unwrap(), Uuid::from_u128(7));
    let long_ago = SystemClock.now().unix_micros() - 31 * 86_400_000_000;
    deployment.replicate(Part::Identity).await;
    backend.person("ada").await;
    let before = rows_of(&mut identity, staying).await;
    let mut filling = identity.begin().await.unwrap();
    for insert in OF_DELETED_TENANT {
        sqlx::query(insert).bind(leaving).bind(long_ago).execute(&mut *filling).await.unwrap();
    }
    filling.commit().await.unwrap();

    killed_while_falling(&mut deployment, &mut identity, LEFT_OF_TENANT, 8_000).await;
    let is_gone = async || {
        let tenants = "select count(*) from tenants where handle = 'leaving'";
        (count(&mut identity, tenants).await == 0).then_some(())
    };
    eventually("the tenant is purged", is_gone).await;

    let left = rows_of(&mut identity, leaving).await;
    assert!(left.values().all(|rows| *rows == 0), "{left:?}");
    let after = rows_of(&mut identity, staying).await;
    assert_eq!((after["accounts"], after["logins"]), (before["accounts"], before["logins"]));
    deployment.stop().await;
}

/// How many rows each table has of a tenant.
async fn rows_of(identity: &mut PgConnection, tenant: Uuid) -> BTreeMap<String, i64> {
    let tables = "
        select table_name::text from information_schema.columns join information_schema.tables using (table_schema, table_name)
        where table_schema = 'public' and column_name = 'tenant_id' and table_type = 'BASE TABLE'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut *identity).await.unwrap();
    assert!(tables.len() > 20, "{tables:?}");
    let mut rows = BTreeMap::new();
    for table in tables {
        let counted = format!("select count(*) from {table} where tenant_id = '{tenant}'");
        rows.insert(table, count(identity, &counted).await);
    }
    rows
}

/// Kills both processes a few times, each after so many more rows went, at most `step`, while `left` of them are there.
async fn killed_while_falling(
    deployment: &mut Deployment,
    identity: &mut PgConnection,
    left: &str,
    step: u64,
) {
    for _ in 0..KILLS {
        let until = count(identity, left).await - 1 - below(&SystemEntropy, step).cast_signed();
        let has_fallen = async || (count(identity, left).await <= until.max(0)).then_some(());
        eventually("some more are purged", has_fallen).await;
        // What they leave is for those that follow.
        deployment.kill(Part::Identity);
        deployment.launch(Part::Identity);
        deployment.ready(Part::Identity).await;
        deployment.replicate(Part::Identity).await;
    }
}

/// Accounts that are deleted and not purged.
const DUE: &str = "select count(*) from accounts where deleted_at is not null";

async fn count(identity: &mut PgConnection, sql: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(identity).await.unwrap()
}

/// Each of them has one event in a chain that holds.
async fn assert_log(backend: &Backend, identity: &mut PgConnection) {
    let sealed = async || {
        let waiting = sqlx::query_scalar::<_, i64>("select count(*) from audit_pending");
        (waiting.fetch_one(&mut *identity).await.unwrap() == 0).then_some(())
    };
    eventually("every event is sealed", sealed).await;
    let events =
        "select count(*), count(distinct subject_id) from audit_events where kind = 'account.purged'";
    let (events, accounts): (i64, i64) = sqlx::query_as(events).fetch_one(&mut *identity).await.unwrap();
    let request =
        VerifyAuditRequest { tenant_id: backend.tenant_id.clone(), ..VerifyAuditRequest::default() };
    let verified = AuditServiceClient::new(backend.identity.clone()).verify_audit(request).await.unwrap();

    assert_eq!((events, accounts), (ACCOUNTS, ACCOUNTS));
    assert_eq!(verified.into_inner().r#break, None);
}
