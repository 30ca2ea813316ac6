//! What this process says about itself: per gRPC service name, and as a whole.
//!
//! *Ready* means: every store seen once, schema fits, keys present (whatever the parts [`PartHealth::require`]),
//! loops alive, not draining. A process that is ready stays ready until it shuts down: a store that goes away later shows
//! under the names of the services that need it, and calls answer `UNAVAILABLE`; otherwise one bad minute of Postgres
//! would empty every endpoint list at once.
//!
//! Names: the gRPC services; "" and `readiness` for the process; `liveness`, which never looks at a store.

mod port;
mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rekey_metrics::process::{READY, STORE_ANSWERS};
use tokio::sync::watch;

pub use self::port::{HealthSettings, serve, serve_pages};
pub(crate) use self::service::HealthService;

/// What a name is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serving {
    /// Calls will be answered.
    Yes,
    /// Calls will be refused.
    No,
    /// Nobody here serves that name.
    Unknown,
}

/// The health of a process. Clones share it.
#[derive(Debug, Clone)]
pub struct Health {
    state: Arc<Mutex<State>>,
    changes: Arc<watch::Sender<u64>>,
}

#[derive(Debug, Default)]
struct State {
    /// Conditions not met yet, by part.
    unmet: BTreeSet<(&'static str, String)>,
    /// The gRPC services, with their part.
    services: BTreeMap<String, &'static str>,
    /// Stores that are away now, with the services that need them.
    away: BTreeMap<(&'static str, String), BTreeSet<String>>,
    loop_ended: bool,
    draining: bool,
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    /// A process without parts, which is ready.
    #[must_use]
    pub fn new() -> Self {
        Self { state: Arc::default(), changes: Arc::new(watch::Sender::new(0)) }
    }

    /// Adds a part with its gRPC services.
    pub fn part(&self, name: &'static str, services: impl IntoIterator<Item = String>) -> PartHealth {
        let services: BTreeSet<_> = services.into_iter().collect();
        self.change(|state| {
            state.services.extend(services.iter().map(|service| (service.clone(), name)));
        });
        PartHealth { health: self.clone(), part: name, services: Arc::new(services) }
    }

    /// Shows in the metrics whether this process is ready, for as long as it lives.
    fn show(&self) {
        let state = Arc::downgrade(&self.state);
        READY.observe(move || {
            let ready =
                state.upgrade().map(|state| state.lock().unwrap_or_else(PoisonError::into_inner).is_ready());
            ready.map(|ready| (f64::from(u8::from(ready)), [])).into_iter().collect()
        });
    }

    /// Whether the process should get traffic.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.look(State::is_ready)
    }

    /// What is missing for readiness, in words, for people at a terminal.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        self.look(|state| {
            let mut missing: Vec<_> =
                state.unmet.iter().map(|(part, condition)| format!("{part}: {condition}")).collect();
            missing.extend(state.loop_ended.then(|| "a background loop ended".to_owned()));
            missing.extend(state.draining.then(|| "shutting down".to_owned()));
            missing
        })
    }

    /// What a name is now.
    #[must_use]
    pub fn serving(&self, name: &str) -> Serving {
        self.look(|state| state.serving(name))
    }

    /// From now on nothing is ready: the process is about to stop.
    pub(crate) fn drain(&self) {
        self.change(|state| state.draining = true);
    }

    /// A background loop died.
    pub(crate) fn loop_ended(&self) {
        self.change(|state| state.loop_ended = true);
    }

    /// Wakes whenever something may have changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|version| *version += 1);
    }
}

impl State {
    fn is_ready(&self) -> bool {
        self.unmet.is_empty() && !self.loop_ended && !self.draining
    }

    fn serving(&self, name: &str) -> Serving {
        let yes = match name {
            "" | "readiness" => self.is_ready(),
            "liveness" => !self.loop_ended,
            service => {
                let Some(part) = self.services.get(service) else { return Serving::Unknown };
                let is_met = !self.unmet.iter().any(|(of, _)| of == part);
                let has_stores = !self.away.values().any(|services| services.contains(service));
                is_met && has_stores && !self.draining && !self.loop_ended
            }
        };
        if yes { Serving::Yes } else { Serving::No }
    }
}

/// One part's side of [`Health`].
#[derive(Debug, Clone)]
pub struct PartHealth {
    health: Health,
    part: &'static str,
    services: Arc<BTreeSet<String>>,
}

impl PartHealth {
    /// Names something that must be so once before the part is ready (`schema`, `keys`). Meet it with
    /// [`PartHealth::meet`].
    pub fn require(&self, condition: &str) {
        self.health.change(|state| {
            state.unmet.insert((self.part, condition.to_owned()));
        });
    }

    /// Says that it is so.
    pub fn meet(&self, condition: &str) {
        self.health.change(|state| {
            state.unmet.remove(&(self.part, condition.to_owned()));
        });
    }

    /// A store that every service of the part needs; until it was seen once the part is not ready.
    #[must_use]
    pub fn store(&self, name: &'static str) -> StoreHealth {
        self.store_of(name, self.services.iter().cloned())
    }

    /// A store that only these services need.
    #[must_use]
    pub fn store_of(&self, name: &'static str, services: impl IntoIterator<Item = String>) -> StoreHealth {
        self.require(name);
        STORE_ANSWERS.set_whether(false, [self.part, name]);
        StoreHealth { part: self.clone(), name, services: Arc::new(services.into_iter().collect()) }
    }
}

/// A store as its health check sees it.
#[derive(Debug, Clone)]
pub struct StoreHealth {
    part: PartHealth,
    name: &'static str,
    services: Arc<BTreeSet<String>>,
}

impl StoreHealth {
    /// Reports what the last look at the store found.
    pub fn set(&self, is_up: bool) {
        STORE_ANSWERS.set_whether(is_up, [self.part.part, self.name]);
        let key = (self.part.part, self.name.to_owned());
        self.part.health.change(|state| {
            if is_up {
                state.unmet.remove(&key);
                if state.away.remove(&key).is_some() {
                    tracing::info!(part = key.0, store = key.1, "store is back");
                }
            } else if state.away.insert(key.clone(), self.services.as_ref().clone()).is_none() {
                tracing::warn!(part = key.0, store = key.1, "store is away");
            }
        });
    }
}

#[cfg(test)]
mod tests;
