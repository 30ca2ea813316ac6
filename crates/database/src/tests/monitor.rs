//! What the monitor reports, and when its gate opens.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{SCHEMA, World, on_both, options};
use crate::{Failure, StoreMonitor, StoreStatus, Unprepared, migrate};

on_both! {
    the_gate_opens_once_the_schema_fits,
    the_gate_stays_closed_until_the_preparation_is_done,
}

/// What was reported, each status once for each time it was news.
type Reports = Arc<Mutex<Vec<StoreStatus>>>;

fn monitor(world: &World, reports: &Reports) -> (StoreMonitor, crate::SchemaGate) {
    let reports = Arc::clone(reports);
    StoreMonitor::new(world.database.clone(), &SCHEMA, Duration::from_millis(1), move |status| {
        let mut reports = reports.lock().unwrap();
        if reports.last() != Some(&status) {
            reports.push(status);
        }
    })
}

async fn the_gate_opens_once_the_schema_fits(world: World) {
    let reports = Reports::default();
    let (monitor, mut gate) = monitor(&world, &reports);
    let running = tokio::spawn(monitor.run(std::future::pending()));
    while reports.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }

    migrate(world.backing.url(), &options(), &SCHEMA).await.unwrap();
    let passed = gate.passed(std::future::pending()).await;
    while reports.lock().unwrap().len() < 2 {
        tokio::task::yield_now().await;
    }
    world.database.close().await;
    while reports.lock().unwrap().len() < 3 {
        tokio::task::yield_now().await;
    }

    running.abort();
    assert!(passed);
    let reports = reports.lock().unwrap();
    assert_eq!(reports[..2], [StoreStatus::Answers, StoreStatus::Ready]);
    assert!(reports[2].answers().is_err_and(|cause| cause.contains("closed")), "{reports:?}");
}

async fn the_gate_stays_closed_until_the_preparation_is_done(world: World) {
    let world = world.migrated().await;
    let (reports, attempts) = (Reports::default(), Arc::new(AtomicU32::new(0)));
    let (monitor, mut gate) = monitor(&world, &reports);
    let counted = Arc::clone(&attempts);
    let monitor = monitor.preparing(move || {
        let attempt = counted.fetch_add(1, Ordering::Relaxed);
        async move { if attempt < 2 { Err(Failure::TimedOut.into()) } else { Ok(()) } }
    });

    let running = tokio::spawn(monitor.run(std::future::pending()));
    let passed = gate.passed(std::future::pending()).await;

    running.abort();
    assert!(passed);
    assert_eq!(attempts.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_gate_lets_nobody_through_when_told_to_stop() {
    let world = World::sqlite().await;
    let (_monitor, mut gate) = monitor(&world, &Reports::default());

    assert!(!gate.passed(std::future::ready(())).await);
}

#[tokio::test]
async fn a_monitor_ends_when_told_to_stop() {
    let world = World::sqlite().await;
    let (monitor, _gate) = monitor(&world, &Reports::default());

    monitor.run(std::future::ready(())).await.unwrap();
}

#[tokio::test]
async fn a_database_that_is_found_unfit_ends_the_monitor_and_opens_nothing() {
    let world = World::sqlite().await.migrated().await;
    let (monitor, mut gate) = monitor(&world, &Reports::default());
    let mut monitor = monitor.preparing(|| async { Err(Unprepared::Unfit("another's".into())) });

    let first = monitor.look_first().await;
    let ended = monitor.run(std::future::pending()).await;

    assert_eq!([first, ended].map(|found| found.unwrap_err().to_string()), ["another's", "another's"]);
    assert!(!gate.passed(std::future::pending()).await);
}
