//! What a hundred thousand bulk mails cost the one code behind them: nothing. No stopwatch says so, since machines
//! differ, but the plan that Postgres carried out: it names every row that was looked at.

use std::time::Duration;

use rekey_database::{Dialect, Options, Sql};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::Store;
use super::claims::CLAIM;
use crate::domain::lane::Lane;
use crate::fixtures::{NOW, entropy, row, scope};

const BULK_MAILS: u64 = 100_000;

/// Copies of the one message that is there.
const MULTIPLY: Sql = Sql::unlisted(
    "insert into notification
     select tenant_id, gen_random_uuid(), created_at, changed_at, lane, state, template, locale, channel,
         masked_destination, reference, decoy, payload, tries, fence, lease_until, next_try_at, not_after,
         last_failure, provider
     from notification, generate_series(2, 100000)",
);

async fn full_of_bulk_mails(url: &str) -> Store {
    // Making so many rows takes longer than a statement may in service.
    let patience = Duration::from_secs(60);
    let options = Options {
        connections: 2,
        acquire_timeout: patience,
        statement_timeout: patience,
        ..Options::named("test")
    };
    Store::migrate(url, &options, NOW).await.unwrap();
    let store = Store::open(url, &options).await.unwrap();
    let first = row(entropy().as_ref(), Lane::Bulk, NOW);
    store.accept(&scope(), std::slice::from_ref(&first), NOW).await.unwrap();
    store.database.execute(MULTIPLY, &[]).await.unwrap();
    store
}

/// The plan of a claim on the critical lane as it was carried out, node by node.
async fn claim_explained(url: &str) -> Vec<String> {
    let claim = CLAIM.critical.text(Dialect::Postgres);
    let explain = format!("explain (analyze, costs off, timing off, summary off) {claim}");
    let mut connection = PgConnection::connect(url).await.unwrap();
    let mut tx = connection.begin().await.unwrap();
    let plan = sqlx::query_scalar(AssertSqlSafe(explain))
        .bind(NOW.unix_micros())
        .bind(16_i64)
        .bind(NOW.plus(Duration::from_secs(60)).unix_micros())
        .fetch_all(&mut *tx)
        .await
        .unwrap();
    tx.rollback().await.unwrap();
    plan
}

/// How many rows a node of a plan gave on or threw away.
fn rows_of(node: &str) -> Vec<u64> {
    let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
    let kept = node.split("actual rows=").skip(1).map(number);
    let removed = node.split_once("Rows Removed by").and_then(|(_, rest)| rest.split_once(": "));
    kept.chain(removed.map(|(_, count)| number(count))).collect()
}

#[tokio::test]
async fn one_code_behind_a_hundred_thousand_bulk_mails_is_claimed_without_touching_them() {
    let database = rekey_testing::postgres().await;
    let store = full_of_bulk_mails(database.url()).await;
    let code = row(entropy().as_ref(), Lane::Critical, NOW.plus(Duration::from_millis(1)));
    store.accept(&scope(), std::slice::from_ref(&code), NOW).await.unwrap();

    let plan = claim_explained(database.url()).await;
    let claimed = store.claim(Lane::Critical, 16, Duration::from_secs(60), NOW).await.unwrap();

    let rows: Vec<u64> = plan.iter().flat_map(|node| rows_of(node)).collect();
    assert!(rows.contains(&1) && rows.iter().all(|rows| *rows <= 1), "{}", plan.join("\n"));
    let ids: Vec<_> = claimed.iter().map(|claim| claim.lease.id).collect();
    assert_eq!(ids, [code.id]);
    assert_eq!(store.queued(Lane::Bulk, BULK_MAILS + 1).await.unwrap(), BULK_MAILS);
}
