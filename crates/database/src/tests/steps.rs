//! Steps: all or nothing, whatever ends them, and once more when they lose a race.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::time::timeout;

use super::{APPEND, NOTE, STATEMENTS, World, on_both, options};
use crate::{Database, Failure, Options, Sql, values};

on_both! {
    a_step_ends_as_its_work_decides,
    a_step_that_fails_is_undone,
    a_step_that_is_given_up_is_undone,
    values_come_back_as_they_went,
    lists_are_one_value,
    every_statement_is_understood,
    a_statement_that_does_not_read_is_named,
}

async fn a_step_ends_as_its_work_decides(world: World) {
    let world = world.migrated().await;
    let write = async |note: i64, commits: bool| {
        let answer = world.database.step(|mut tx| async move {
            tx.execute(NOTE, values![note, "text"]).await?;
            Ok(if commits { tx.commit("written") } else { tx.roll_back("refused") })
        });
        answer.await.unwrap()
    };

    let answers = [write(1, true).await, write(2, false).await, write(3, true).await];

    assert_eq!(answers, ["written", "refused", "written"]);
    assert_eq!(world.notes().await, [(1, "text".to_owned()), (3, "text".to_owned())]);
}

async fn a_step_that_fails_is_undone(world: World) {
    let world = world.migrated().await;

    let failed = world.database.step(|mut tx| async move {
        tx.execute(NOTE, values![1, "text"]).await?;
        tx.execute(NOTE, values![1, "again"]).await?;
        Ok(tx.commit(()))
    });
    let failed = failed.await;

    let Err(Failure::Broken(source)) = failed else { panic!("{failed:?}") };
    assert!(!format!("{source:?}").contains("again"), "{source:?}");
    assert_eq!(world.notes().await, []);
}

async fn a_step_that_is_given_up_is_undone(world: World) {
    let world = world.migrated().await;

    let given_up = world.database.step(|mut tx| async move {
        tx.execute(NOTE, values![1, "text"]).await?;
        std::future::pending::<()>().await;
        Ok(tx.commit(()))
    });
    let given_up = timeout(Duration::from_millis(100), given_up).await;
    world.note(2, "text").await.unwrap();

    assert!(given_up.is_err());
    assert_eq!(world.notes().await, [(2, "text".to_owned())]);
}

async fn values_come_back_as_they_went(world: World) {
    let empty: Option<i64> = None;
    let mut reader = world.database.reader().await.unwrap();

    let read: (i64, bool, Option<i64>, Vec<u8>, String) = match reader.dialect() {
        crate::Dialect::Postgres => {
            let sql = Sql::unlisted("select $1::bigint, $2::boolean, $3::bigint, $4::bytea, $5::text");
            reader.one(sql, values![7, true, empty, &[1_u8; 2], "text"]).await.unwrap()
        }
        crate::Dialect::Sqlite => {
            let sql = Sql::unlisted("select $1, $2, $3, $4, $5");
            reader.one(sql, values![7, true, empty, &[1_u8; 2], "text"]).await.unwrap()
        }
    };

    assert_eq!(read, (7, true, None, vec![1, 1], "text".to_owned()));
}

async fn lists_are_one_value(world: World) {
    let world = world.migrated().await;
    for note in 1..=3 {
        world.note(note, "text").await.unwrap();
    }
    let sql = match world.database.dialect() {
        crate::Dialect::Postgres => "select note from notes where note = any($1) order by note",
        crate::Dialect::Sqlite => {
            "select note from notes where note in (select value from json_each($1)) order by note"
        }
    };

    let some: Vec<(i64,)> = world.database.all(Sql::unlisted(sql), values![vec![1_i64, 3]]).await.unwrap();

    assert_eq!(some, [(1,), (3,)]);
}

async fn every_statement_is_understood(world: World) {
    let world = world.migrated().await;

    assert_eq!(world.database.misunderstood(STATEMENTS).await.unwrap(), [""; 0]);
}

async fn a_statement_that_does_not_read_is_named(world: World) {
    let named = world.database.misunderstood(&[Sql::unlisted("select nothing from nowhere")]).await.unwrap();

    assert_eq!(named.len(), 1);
    assert!(named[0].starts_with("unlisted: "), "{named:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_step_that_loses_a_race_is_done_again() {
    let world = World::postgres().await.migrated().await;
    for note in 1..=2 {
        world.note(note, "").await.unwrap();
    }
    let (meeting, attempts) = (Barrier::new(2), AtomicU32::new(0));
    let (meeting, attempts) = (&meeting, &attempts);
    // Each locks a note and then wants the other's.
    let append = async |first: i64, second: i64, mark: &'static str| {
        let step = world.database.step(|mut tx| async move {
            tx.execute(APPEND, values![first, mark]).await?;
            if attempts.fetch_add(1, Ordering::Relaxed) < 2 {
                meeting.wait().await;
            }
            tx.execute(APPEND, values![second, mark]).await?;
            Ok(tx.commit(()))
        });
        step.await
    };

    let (one, other) = tokio::join!(append(1, 2, "a"), append(2, 1, "b"));

    one.and(other).unwrap();
    // Both began, and whoever lost began anew; where it came back before the other went on, once more.
    assert!(attempts.load(Ordering::Relaxed) > 2);
    let mut texts: Vec<Vec<char>> =
        world.notes().await.iter().map(|(_, text)| text.chars().collect()).collect();
    texts.iter_mut().for_each(|text| text.sort_unstable());
    assert_eq!(texts, [['a', 'b'], ['a', 'b']]);
}

#[tokio::test]
async fn writers_of_a_file_come_one_after_the_other_and_patience_ends() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    let options = Options { busy_timeout: Duration::from_millis(50), ..options() };
    let database = Arc::new(Database::open(&url, &options).await.unwrap());
    let turn = database.writer().await.unwrap();

    let impatient = database.writer().await.err();
    drop(turn);
    let served = database.writer().await;

    assert!(impatient.is_some_and(|failure| failure.is_unavailable()));
    assert!(served.is_ok());
}

#[tokio::test]
async fn a_closed_database_is_unavailable() {
    let world = World::sqlite().await;

    world.database.close().await;

    assert!(world.database.ping().await.is_err_and(|failure| failure.is_unavailable()));
}
