//! A Postgres behind a PgBouncer in transaction mode, which has fewer sessions than we ask for at once.

use futures_util::future::join_all;
use rekey_testing::Backing;

use super::{SCHEMA, World, options};
use crate::{Database, Options, Sql, migrate, values};

const NAMED: Sql = Sql::unlisted("select count(*) from pg_prepared_statements");
const SETTING: Sql = Sql::unlisted("select current_setting($1)");
const SESSION: Sql = Sql::unlisted("select pg_backend_pid()");

fn pooled() -> Options {
    Options { transaction_pooling: true, ..options() }
}

/// A database with the table of notes, behind a pooler of its own.
async fn world() -> World {
    let migrated = async |url: &str| migrate(url, &options(), &SCHEMA).await.map(drop);
    let backing = Backing::pgbouncer_from_template("notes", migrated).await;
    let database = Database::open(backing.url(), &pooled()).await.unwrap();
    World { database, backing }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn statements_and_steps_of_many_at_once_share_few_sessions() {
    let world = world().await;
    let one = async |note: i64| {
        world.note(note, "a").await.unwrap();
        let append = world.database.step(|mut tx| async move {
            let first: i32 = tx.scalar(SESSION, &[]).await?;
            tx.execute(super::APPEND, values![note, "b"]).await?;
            tx.execute(super::APPEND, values![note, "c"]).await?;
            let last: i32 = tx.scalar(SESSION, &[]).await?;
            Ok(tx.commit(first == last))
        });
        append.await.unwrap()
    };

    let stayed = join_all((0..40).map(one)).await;

    assert!(stayed.iter().all(|stayed| *stayed), "a step met another session");
    let expected: Vec<_> = (0..40).map(|note| (note, "abc".to_owned())).collect();
    assert_eq!(world.notes().await, expected);
}

#[tokio::test]
async fn nothing_is_kept_on_a_session_and_every_limit_holds() {
    let world = world().await;
    let mut connection = world.database.writer().await.unwrap();

    let limit: String = connection.scalar(SETTING, values!["statement_timeout"]).await.unwrap();
    let locks: String = connection.scalar(SETTING, values!["lock_timeout"]).await.unwrap();
    let named: i64 = connection.scalar(NAMED, &[]).await.unwrap();
    connection.execute_text("select 1".to_owned()).await.unwrap();
    let failed = connection.execute(Sql::unlisted("select 1 / 0"), &[]).await;
    let afterwards: i32 = connection.scalar(Sql::unlisted("select 1"), &[]).await.unwrap();

    assert_eq!((limit.as_str(), locks.as_str(), named), ("1min", "1min", 0));
    assert_eq!(failed.unwrap_err().code(), Some("22012"));
    assert_eq!(afterwards, 1);
    world.database.ping().await.unwrap();
}

#[tokio::test]
async fn a_pooler_that_the_options_do_not_name_is_noticed() {
    let world = world().await;
    let unaware = Database::open(world.backing.url(), &options()).await.unwrap();

    let refused = unaware.keeps_sessions().await;

    assert_eq!(refused.unwrap_err().code(), Some("08P01"));
    assert!(world.database.keeps_sessions().await.unwrap());
}

#[tokio::test]
async fn a_migration_through_it_is_refused() {
    let world = world().await;

    let refused = migrate(world.backing.url(), &pooled(), &SCHEMA).await.unwrap_err();

    assert!(refused.cause().contains("a session of its own"), "{refused:?}");
}
