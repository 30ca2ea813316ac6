//! What the part's stores are to the health page: there or away, and whether the schema of the database fits.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use rekey_runtime::health::{PartHealth, StoreHealth};
use rekey_runtime::shutdown::Shutdown;

use crate::store::{SchemaGate, Store, StoreMonitor, StoreStatus};

/// What must be so before the part is ready.
const SCHEMA: &str = "schema";

/// The pause while nothing was seen yet: a start should not wait for a rare look.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Reports whether something answers, or why it does not, until told to stop. It looks first and then says: what nobody has seen is not
/// there, so a process is ready once it has seen it. One that was seen and is away later shows by service and empties
/// no list of endpoints.
///
/// # Errors
/// Never.
pub(crate) async fn watch<F>(
    health: StoreHealth,
    pause: Duration,
    stop: Shutdown,
    mut answers: impl FnMut() -> F + Send,
) -> Result<(), Infallible>
where
    F: Future<Output = Result<(), String>> + Send,
{
    let mut was_seen = false;
    loop {
        let found = answers().await;
        was_seen |= found.is_ok();
        health.report(found);
        if !stop.pause(if was_seen { pause } else { FIRST_PAUSE.min(pause) }).await {
            return Ok(());
        }
    }
}

/// Looks after the store, reports it to the health page, and opens the gate to the other loops once the schema fits.
pub(crate) fn of(store: &Store, part: PartHealth, pause: Duration) -> (StoreMonitor, SchemaGate) {
    let health = part.store("database");
    part.require(SCHEMA);
    store.monitor(pause, move |status| {
        health.report(status.answers());
        if status == StoreStatus::Ready {
            part.meet(SCHEMA);
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use rekey_runtime::health::Health;

    use super::*;
    use crate::store::{OPTIONS, migrate};

    #[tokio::test]
    async fn nothing_is_ready_before_the_schema_fits() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("identity.db").display());
        let store = Store::open(&url, &OPTIONS).await.unwrap();
        let health = Health::new();
        let (monitor, mut gate) = of(&store, health.part("identity", []), FIRST_PAUSE);
        let running = tokio::spawn(monitor.run(std::future::pending()));
        while health.missing() != ["identity: schema"] {
            tokio::task::yield_now().await;
        }

        migrate(&url, &OPTIONS).await.unwrap();
        let passed = gate.passed(std::future::pending()).await;
        while !health.is_ready() {
            tokio::task::yield_now().await;
        }

        running.abort();
        assert!(passed);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_there_before_it_was_seen_and_one_away_later_holds_up_nobody() {
        let health = Health::new();
        let part = health.part("identity", ["needs.it".to_owned(), "does.not".to_owned()]);
        let throttle = part.store_of("throttle", ["needs.it".to_owned()]);
        let (stop, seen) = (Shutdown::new(), health.clone());
        let (mut looks, ready_at_looks) =
            ([false, true, false].into_iter(), Arc::new(Mutex::new(Vec::new())));

        let (told, noted) = (stop.clone(), Arc::clone(&ready_at_looks));
        super::watch(throttle, Duration::from_secs(5), stop, move || {
            noted.lock().unwrap().push(seen.is_ready());
            let found = looks.next().unwrap();
            if looks.len() == 0 {
                told.begin();
            }
            async move { if found { Ok(()) } else { Err("refused".to_owned()) } }
        })
        .await
        .unwrap();

        assert_eq!(*ready_at_looks.lock().unwrap(), [false, false, true]);
        assert!(health.is_ready());
        let serving = ["needs.it", "does.not"].map(|name| health.serving(name));
        assert_eq!(serving, [rekey_runtime::health::Serving::No, rekey_runtime::health::Serving::Yes]);
    }
}
