//! What a stream of changes relies on in Postgres alone: a change that commits late is never passed over, and the statements that
//! read in the order of change and of release are led by their indexes.

use rekey_database::{Dialect, Sql, values};
use rekey_primitives::entropy::SeededEntropy;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use super::waiting::RELEASE;
use super::watch::CHANGES;
use super::{NewNotification, Store};
use crate::domain::lane::Lane;
use crate::domain::page::ChangeFilter;
use crate::fixtures::{NOW, entropy, row, scope};

const MULTIPLY: Sql = Sql::unlisted(
    "insert into notification (tenant_id, id, created_at, changed_at, lane, state, template, locale, channel,
         masked_destination, reference, decoy, payload, tries, fence, next_try_at, not_after, provider,
         waits_for_provider, sender)
     select tenant_id, gen_random_uuid(), created_at + number, changed_at, lane, state, template, locale, channel,
         masked_destination, reference, decoy, payload, tries, fence, next_try_at, not_after, provider,
         number % 100 = 0, sender
     from notification, generate_series(1, 5000) number",
);
const ANALYZE: Sql = Sql::unlisted("analyze notification");

async fn store(url: &str) -> Store {
    let options = rekey_database::Options::named("test");
    Store::migrate(url, &options, NOW).await.unwrap();
    Store::open(url, &options).await.unwrap()
}

async fn accepted(store: &Store) -> NewNotification {
    let message = row(entropy().as_ref(), Lane::Critical, NOW);
    store.accept(&scope(), std::slice::from_ref(&message), NOW).await.unwrap();
    message
}

#[tokio::test]
async fn a_change_that_commits_late_is_shown_although_later_ones_were() {
    let database = rekey_testing::postgres().await;
    let store = store(database.url()).await;
    let late = accepted(&store).await;
    let begin = store.change_horizon().await.unwrap();
    let mut writer = PgConnection::connect(database.url()).await.unwrap();
    let mut open = writer.begin().await.unwrap();
    sqlx::query("update notification set changed_at = changed_at where id = $1")
        .bind(late.id.as_uuid())
        .execute(&mut *open)
        .await
        .unwrap();
    let early = row(&SeededEntropy::new(43), Lane::Critical, NOW);
    store.accept(&scope(), std::slice::from_ref(&early), NOW).await.unwrap();

    let changes = async |after| {
        let looked = store.changes(&scope(), &ChangeFilter::default(), after, 10).await.unwrap();
        (looked.notifications.iter().map(|one| one.id).collect::<Vec<_>>(), looked.position)
    };
    let (while_open, position) = changes(begin).await;
    open.commit().await.unwrap();
    let (after_it, _) = changes(position).await;

    assert!(while_open.is_empty(), "what is above an open transaction is not final");
    assert_eq!(after_it, [late.id, early.id]);
}

#[tokio::test]
async fn a_transaction_of_another_database_holds_nothing_up() {
    let (database, other) = (rekey_testing::postgres().await, rekey_testing::postgres().await);
    let store = store(database.url()).await;
    let mut stranger = PgConnection::connect(other.url()).await.unwrap();
    let mut open = stranger.begin().await.unwrap();
    let number: String =
        sqlx::query("select pg_current_xact_id()::text").fetch_one(&mut *open).await.unwrap().get(0);

    accepted(&store).await;
    let horizon = store.change_horizon().await.unwrap();

    assert!(horizon.number >= number.parse::<i64>().unwrap(), "{horizon:?} {number}");
    open.rollback().await.unwrap();
}

/// The plan of a statement over 5,000 messages, of which few wait for a provider.
async fn plan(sql: Sql, bind: &str) -> String {
    let database = rekey_testing::postgres().await;
    let store = store(database.url()).await;
    accepted(&store).await;
    store.database.execute(MULTIPLY, values![]).await.unwrap();
    store.database.execute(ANALYZE, values![]).await.unwrap();
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let prepared = format!("prepare looked_at as {}", sql.text(Dialect::Postgres));
    sqlx::raw_sql(AssertSqlSafe(prepared)).execute(&mut connection).await.unwrap();
    let explain = format!("explain (costs off) execute looked_at({bind})");
    let lines: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe(explain)).fetch_all(&mut connection).await.unwrap();
    lines.join("\n")
}

#[tokio::test]
async fn what_waits_for_a_provider_is_found_by_its_index_in_the_order_of_age() {
    let plan = plan(RELEASE.critical, &format!("{}, 'email', 8", NOW.unix_micros() - 1)).await;

    assert!(plan.contains("channel_lane_created_at_idx"), "{plan}");
    assert!(!plan.contains("Sort"), "{plan}");
}

#[tokio::test]
async fn changes_are_read_by_their_index_in_their_order() {
    let tenant = crate::fixtures::tenant();
    let nil = uuid::Uuid::nil();
    let bind = format!(
        "'{tenant}', '{{1,2,3}}', true, '{{}}', true, '{{}}', 7, '{nil}', 9000000000, null, null, 200"
    );
    let plan = plan(CHANGES, &bind).await;

    assert!(plan.contains("tenant_id_change_number_id_idx"), "{plan}");
}
