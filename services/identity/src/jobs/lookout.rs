//! Looks after the store: reports it to the health page, and opens the gate to the other loops once the schema fits.
//!
//! A process that finds no schema, or one that has left this code behind, stays up and unready: a rolling deploy
//! migrates beside it.

use std::convert::Infallible;
use std::time::Duration;

use rekey_runtime::health::{PartHealth, StoreHealth};
use rekey_runtime::shutdown::Shutdown;
use tokio::sync::watch;

use crate::store::{Failure, SharedStore};

/// What must be so before the part is ready.
const SCHEMA: &str = "schema";

/// The pause while nothing was seen yet: a start should not wait for a rare look.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Closed until the schema was seen to fit. Clones share it.
#[derive(Debug, Clone)]
pub struct Gate(watch::Receiver<bool>);

/// The loop.
pub struct Lookout {
    store: SharedStore,
    part: PartHealth,
    health: StoreHealth,
    pause: Duration,
    gate: watch::Sender<bool>,
}

impl Gate {
    /// Waits until the gate is open; false when the process is to stop first.
    pub async fn passed(&mut self, stop: &Shutdown) -> bool {
        tokio::select! {
            biased;
            () = stop.begun() => false,
            opened = self.0.wait_for(|is_open| *is_open) => opened.is_ok(),
        }
    }
}

impl Lookout {
    /// A lookout that looks every `pause`, and the gate it opens.
    pub fn new(store: SharedStore, part: PartHealth, pause: Duration) -> (Self, Gate) {
        let health = part.store("database");
        part.require(SCHEMA);
        let (gate, opened) = watch::channel(false);
        (Self { store, part, health, pause, gate }, Gate(opened))
    }

    /// Looks until told to stop.
    ///
    /// # Errors
    /// Never.
    pub async fn run(self, stop: Shutdown) -> Result<(), Infallible> {
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
        let seen = self.store.ping().await;
        self.health.set(seen.is_ok());
        seen?;
        let fits = self.store.schema_fits().await?;
        if fits {
            self.part.meet(SCHEMA);
            self.gate.send_replace(true);
        }
        Ok(fits)
    }
}
