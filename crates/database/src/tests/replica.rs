//! Reads that may lag behind, with a replica that streams.

use std::time::Duration;

use rekey_testing::PostgresServer;

use super::{NOTE, NOTES, SCHEMA, options};
use crate::{Database, Sql, migrate, values};

/// Where a statement is carried out.
const IS_REPLICA: Sql = Sql::unlisted("select pg_is_in_recovery()");
const BOUND: Duration = Duration::from_millis(1_500);

/// A primary with the table of notes, its replica, and the database that knows both.
struct Pair {
    _primary: PostgresServer,
    replica: PostgresServer,
    database: Database,
}

impl Pair {
    async fn start(bound: Duration) -> Self {
        let primary = rekey_testing::postgres_server().await;
        migrate(&primary.url("postgres"), &options(), &SCHEMA).await.unwrap();
        let (primary, replica) = rekey_testing::with_replica(primary).await;
        let database = Database::open(&primary.url("postgres"), &options()).await.unwrap();
        let database = database.with_replica(&replica.url("postgres"), bound, &options()).unwrap();
        Self { _primary: primary, replica, database }
    }

    async fn read_at_replica(&self) -> bool {
        self.database.lagging().scalar(IS_REPLICA, &[]).await.unwrap()
    }

    /// Asks until reads go there, or to the primary.
    async fn settled_at(&self, replica: bool) {
        let looking = async {
            while self.read_at_replica().await != replica {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), looking).await.unwrap();
    }

    async fn ask_replica(&self, sql: &'static str) {
        let replica = Database::open(&self.replica.url("postgres"), &options()).await.unwrap();
        replica.scalar::<i32>(Sql::unlisted(sql), &[]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_that_may_lag_go_to_a_replica_in_step_and_others_never() {
    let pair = Pair::start(Duration::from_secs(60)).await;

    pair.settled_at(true).await;
    let other = pair.database.scalar::<bool>(IS_REPLICA, &[]).await.unwrap();
    let lagging = pair.database.lagging();
    let in_step = lagging.step(|mut tx| async move {
        let at_replica = tx.scalar::<bool>(IS_REPLICA, &[]).await?;
        Ok(tx.roll_back(at_replica))
    });

    assert!(!other && !in_step.await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_stands_still_is_left_once_it_is_late_and_comes_back() {
    let pair = Pair::start(BOUND).await;
    pair.settled_at(true).await;

    pair.ask_replica("select 1 from pg_wal_replay_pause()").await;
    pair.database.execute(NOTE, values![1, "written meanwhile"]).await.unwrap();
    pair.settled_at(false).await;
    let late: Vec<(i64, String)> = pair.database.lagging().all(NOTES, &[]).await.unwrap();
    pair.ask_replica("select 1 from pg_wal_replay_resume()").await;
    pair.settled_at(true).await;

    assert_eq!(late, [(1, "written meanwhile".to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_cut_off_is_late_though_it_has_all_it_was_sent() {
    let mut pair = Pair::start(BOUND).await;
    pair.settled_at(true).await;

    let cut = "alter system set primary_conninfo = ''";
    let replica = Database::open(&pair.replica.url("postgres"), &options()).await.unwrap();
    replica.writer().await.unwrap().execute_text(cut.to_owned()).await.unwrap();
    replica.scalar::<bool>(Sql::unlisted("select pg_reload_conf()"), &[]).await.unwrap();
    pair.database.execute(NOTE, values![1, "a"]).await.unwrap();
    pair.settled_at(false).await;
    pair.replica.kill().unwrap();
    let without: Vec<(i64, String)> = pair.database.lagging().all(NOTES, &[]).await.unwrap();

    assert_eq!(without, [(1, "a".to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_dies_fails_no_read() {
    let mut pair = Pair::start(Duration::from_secs(60)).await;
    pair.settled_at(true).await;

    pair.replica.kill().unwrap();
    let at_once = pair.read_at_replica().await;
    pair.replica.restart().unwrap();
    pair.settled_at(true).await;

    assert!(!at_once);
}
