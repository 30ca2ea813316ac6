//! Looks after the store: reports it to the health page, and opens the gate to the other loops once the schema fits.
//!
//! A process that finds no schema, or one that has left this code behind, stays up and unready: a rolling deploy
//! migrates beside it.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use rekey_runtime::health::{PartHealth, StoreHealth};
use rekey_runtime::shutdown::Shutdown;
use tokio::sync::watch;

use crate::store::{Failure, SharedStore, in_time};

/// What must be so before the part is ready.
const SCHEMA: &str = "schema";

/// The pause while nothing was seen yet: a start should not wait for a rare look.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Reports whether something answers, until told to stop. It looks first and then says: what nobody has seen is not
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
    F: Future<Output = bool> + Send,
{
    let mut was_seen = false;
    loop {
        let is_there = answers().await;
        health.set(is_there);
        was_seen |= is_there;
        if !stop.pause(if was_seen { pause } else { FIRST_PAUSE.min(pause) }).await {
            return Ok(());
        }
    }
}

/// Closed until the schema was seen to fit. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Gate(watch::Receiver<bool>);

/// The loop.
pub(crate) struct Lookout {
    store: SharedStore,
    part: PartHealth,
    health: StoreHealth,
    pause: Duration,
    gate: watch::Sender<bool>,
}

impl Gate {
    /// Waits until the gate is open; false when the process is to stop first.
    pub(crate) async fn passed(&mut self, stop: &Shutdown) -> bool {
        tokio::select! {
            biased;
            () = stop.begun() => false,
            opened = self.0.wait_for(|is_open| *is_open) => opened.is_ok(),
        }
    }
}

impl Lookout {
    /// A lookout that looks every `pause`, and the gate it opens.
    pub(crate) fn new(store: SharedStore, part: PartHealth, pause: Duration) -> (Self, Gate) {
        let health = part.store("database");
        part.require(SCHEMA);
        let (gate, opened) = watch::channel(false);
        (Self { store, part, health, pause, gate }, Gate(opened))
    }

    /// Looks until told to stop.
    ///
    /// # Errors
    /// Never.
    pub(crate) async fn run(self, stop: Shutdown) -> Result<(), Infallible> {
        let mut was_told = false;
        loop {
            match self.look().await {
                Ok(true) => {}
                Ok(false) if was_told => {}
                Ok(false) => {
                    tracing::warn!("the schema does not fit; waiting for `rekey migrate`");
                    was_told = true;
                }
                Err(failure) => tracing::debug!(error = %failure, "the store does not answer"),
            }
            let pause = if *self.gate.borrow() { self.pause } else { FIRST_PAUSE.min(self.pause) };
            if !stop.pause(pause).await {
                return Ok(());
            }
        }
    }

    /// One look; tells whether the schema fits.
    async fn look(&self) -> Result<bool, Failure> {
        let seen = in_time(self.store.ping()).await;
        self.health.set(seen.is_ok());
        seen?;
        let fits = in_time(self.store.schema_fits()).await?;
        if fits {
            self.part.meet(SCHEMA);
            self.gate.send_replace(true);
        }
        Ok(fits)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use rekey_runtime::health::Health;

    use super::*;
    use crate::store::sqlite::{self, SqliteOptions, SqliteStore};

    #[tokio::test]
    async fn nothing_is_ready_before_the_schema_fits() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::at(folder.path().join("identity.db"));
        let store = Arc::new(SqliteStore::open(&options).await.unwrap());
        let health = Health::new();
        let (lookout, mut gate) = Lookout::new(store, health.part("identity", []), FIRST_PAUSE);

        let before = lookout.look().await.unwrap();
        let missing = health.missing();
        sqlite::migrate(&options).await.unwrap();
        let after = lookout.look().await.unwrap();

        assert_eq!((before, after), (false, true));
        assert_eq!(missing, ["identity: schema"]);
        assert!(health.is_ready());
        assert!(gate.passed(&Shutdown::new()).await);
    }

    #[tokio::test]
    async fn a_gate_lets_nobody_through_when_told_to_stop() {
        let (_keep, opened) = watch::channel(false);
        let stop = Shutdown::new();
        stop.begin();

        assert!(!Gate(opened).passed(&stop).await);
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
            async move { found }
        })
        .await
        .unwrap();

        assert_eq!(*ready_at_looks.lock().unwrap(), [false, false, true]);
        assert!(health.is_ready());
        let serving = ["needs.it", "does.not"].map(|name| health.serving(name));
        assert_eq!(serving, [rekey_runtime::health::Serving::No, rekey_runtime::health::Serving::Yes]);
    }
}
