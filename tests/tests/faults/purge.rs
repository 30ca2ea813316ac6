//! Identity is killed at random points while it purges, beside a replica that purges as well: every account that was due is gone
//! whole, each with one event.

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
    deployment.replicate_identity().await;
    for insert in DELETED {
        let insert = sqlx::query(insert).bind(tenant).bind(long_ago).bind(ACCOUNTS);
        insert.execute(&mut identity).await.unwrap();
    }

    for _ in 0..KILLS {
        let left = due(&mut identity).await;
        let until = left - 1 - below(&SystemEntropy, 60).cast_signed();
        eventually("some more are purged", async || (due(&mut identity).await <= until.max(0)).then_some(()))
            .await;
        // Both processes: what they leave is for those that follow.
        deployment.kill(Part::Identity);
        deployment.launch(Part::Identity);
        deployment.ready(Part::Identity).await;
        deployment.replicate_identity().await;
    }
    eventually("all of them are purged", async || (due(&mut identity).await == 0).then_some(())).await;

    let backend = Backend::new(deployment.connect(Part::Identity), backend.tenant_id);
    assert_log(&backend, &mut identity).await;
    for table in ["logins", "sessions", "last_sign_ins", "security_info"] {
        let left = format!(
            "select count(*) from {table} t where not exists (
            select 1 from accounts a where a.tenant_id = t.tenant_id and a.account_id = t.account_id)"
        );
        let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(left)).fetch_one(&mut identity).await.unwrap();
        assert_eq!(left, 0, "{table}");
    }
    deployment.stop().await;
}

/// How many are deleted and not purged.
async fn due(identity: &mut PgConnection) -> i64 {
    let count = sqlx::query_scalar("select count(*) from accounts where deleted_at is not null");
    count.fetch_one(identity).await.unwrap()
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
