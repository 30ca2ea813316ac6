//! Looks after the store: reports it to the health page, and opens the gate to the other loops once the schema fits
//! and what this process held before it last died is free again.
//!
//! A process that finds no schema, or one made by code that left this version behind, stays up and unready: a
//! rolling deploy migrates beside it.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::SharedClock;
use rekey_runtime::health::{PartHealth, StoreHealth};
use rekey_runtime::shutdown::Shutdown;
use tokio::sync::watch;

use crate::store::{Schema, Store, in_time};

/// What must be so before the part is ready.
const SCHEMA: &str = "schema";

/// Closed until the schema was seen to fit. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct SchemaGate(watch::Receiver<bool>);

impl SchemaGate {
    /// Waits until the gate is open; false when the process is to stop first.
    pub(crate) async fn passed(&mut self, stop: &Shutdown) -> bool {
        tokio::select! {
            biased;
            () = stop.begun() => false,
            opened = self.0.wait_for(|is_open| *is_open) => opened.is_ok(),
        }
    }
}

/// The loop.
pub(crate) struct Lookout {
    store: Arc<dyn Store>,
    part: PartHealth,
    health: StoreHealth,
    pause: Duration,
    clock: SharedClock,
    gate: watch::Sender<bool>,
}

/// The pause while nothing was seen yet: a start should not wait for a rare look.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

impl Lookout {
    /// A lookout that looks every `pause`, and the gate it opens.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        part: PartHealth,
        pause: Duration,
        clock: SharedClock,
    ) -> (Self, SchemaGate) {
        let health = part.store("database");
        part.require(SCHEMA);
        let (gate, opened) = watch::channel(false);
        (Self { store, part, health, pause, clock, gate }, SchemaGate(opened))
    }

    /// Looks until told to stop.
    ///
    /// # Errors
    /// Never.
    pub(crate) async fn run(self, stop: Shutdown) -> anyhow::Result<()> {
        let mut said = None;
        loop {
            let fits = match in_time(self.store.schema()).await {
                Ok(schema) => {
                    self.health.set(true);
                    if said.replace(schema) != Some(schema) && schema != Schema::Fits {
                        tracing::warn!(?schema, "the schema does not fit; waiting for `rekey migrate`");
                    }
                    schema == Schema::Fits
                }
                Err(failure) => {
                    tracing::debug!(error = %failure, "the store does not answer");
                    self.health.set(false);
                    *self.gate.borrow()
                }
            };
            if fits && self.opened().await {
                self.part.meet(SCHEMA);
            }
            let pause = if *self.gate.borrow() { self.pause } else { FIRST_PAUSE.min(self.pause) };
            if !stop.pause(pause).await {
                return Ok(());
            }
        }
    }

    /// Opens the gate, after the orphans were put back: later, living workers hold messages. True once it is open.
    async fn opened(&self) -> bool {
        if *self.gate.borrow() {
            return true;
        }
        match in_time(self.store.put_back_orphans(self.clock.now())).await {
            Ok(count) => {
                if count > 0 {
                    tracing::warn!(count, "put back what this process held when it died");
                }
                self.gate.send_replace(true);
                true
            }
            Err(failure) => {
                tracing::warn!(error = %failure, "cannot put back what this process held when it died");
                false
            }
        }
    }
}
