//! What this process says about itself: per gRPC service name, and as a whole.
//!
//! *Ready* means: every store seen once, schema fits, keys present (whatever the parts [`PartHealth::require`]),
//! loops alive, not draining. A process that is ready stays ready until it shuts down: a store that goes away later shows
//! under the names of the services that need it, and calls answer `UNAVAILABLE`; otherwise one bad minute of Postgres
//! would empty every endpoint list at once.
//!
//! What is missing or away is told with its cause: on the page `/readyz`, and once in the log.
//!
//! Names: the gRPC services; "" and `readiness` for the process; `liveness`, which never looks at a store.

mod port;
mod protocol;
mod question;
mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rekey_metrics::process::{READY, STORE_ANSWERS};
use tokio::sync::watch;

pub use self::port::{HealthSettings, serve, serve_pages};
pub(crate) use self::protocol::DESCRIPTORS as PROTOCOL;
pub use self::question::ask;
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
    /// Stores that are away now.
    away: BTreeMap<(&'static str, String), AwayStore>,
    loop_ended: bool,
    draining: bool,
}

/// A store that is away.
#[derive(Debug)]
struct AwayStore {
    /// The gRPC services that need it.
    services: BTreeSet<String>,
    /// Which it is and what keeps it away.
    cause: String,
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
            let mut missing: Vec<_> = state.unmet.iter().map(|condition| state.told(condition)).collect();
            missing.extend(state.loop_ended.then(|| "a background loop ended".to_owned()));
            missing.extend(state.draining.then(|| "shutting down".to_owned()));
            missing
        })
    }

    /// What every name is now.
    pub(crate) fn all(&self) -> BTreeMap<String, Serving> {
        self.look(|state| {
            let of_process = ["", "readiness", "liveness"].map(str::to_owned);
            let names = state.services.keys().cloned().chain(of_process);
            names.map(|name| (name.clone(), state.serving(&name))).collect()
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
    /// A condition that is not met, with what keeps it from being so.
    fn told(&self, condition: &(&'static str, String)) -> String {
        let (part, name) = condition;
        match self.away.get(condition) {
            Some(store) => format!("{part}: {name}: {}", store.cause),
            None => format!("{part}: {name}"),
        }
    }

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
                let has_stores = !self.away.values().any(|store| store.services.contains(service));
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
    /// Reports what the last look at the store found: that it is there, or which it is and what keeps it away. The cause
    /// is shown to operators, so it holds nobody's data and no secret.
    pub fn report(&self, found: Result<(), String>) {
        STORE_ANSWERS.set_whether(found.is_ok(), [self.part.part, self.name]);
        let key = (self.part.part, self.name.to_owned());
        self.part.health.change(|state| match found {
            Ok(()) => {
                state.unmet.remove(&key);
                if state.away.remove(&key).is_some() {
                    tracing::info!(part = key.0, store = key.1, "store is back");
                }
            }
            Err(cause) => {
                let before = state.away.get(&key).map(|store| store.cause.as_str());
                if before != Some(cause.as_str()) {
                    tracing::warn!(part = key.0, store = key.1, cause, "store is away");
                }
                let services = self.services.as_ref().clone();
                state.away.insert(key, AwayStore { services, cause });
            }
        });
    }
}

#[cfg(test)]
mod tests;
