//! The replicas that are known, and which of them gets the next call.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::retry::random;

/// Why no replica can be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Away(pub(crate) String);

/// The replicas. Their tasks and their callers share it.
#[derive(Debug, Default)]
pub(super) struct Set {
    state: Mutex<State>,
    changes: watch::Sender<()>,
    /// Wakes when an address was lost, so that the name is resolved anew.
    lost: Notify,
}

#[derive(Debug, Default)]
struct State {
    replicas: BTreeMap<SocketAddr, Replica>,
    /// What the resolver says instead of an address.
    unresolved: Option<String>,
    /// How many addresses that were good have been lost so far, and how many of them when the name was last resolved.
    losses: u64,
    resolved_losses: u64,
}

#[derive(Debug, Default)]
struct Replica {
    phase: Phase,
    calls: Arc<AtomicUsize>,
    /// It was connected since it was last found away.
    was_good: bool,
}

/// ```text
///            a call is wanted             connected                over, after answers
///   Idle ────────────────────► Connecting ─────────► Ready ─────────────────────────► Connecting
///    ▲                              │ failed         ▲ │ │
///    │                              ▼      connected │ │ │ over, called and never answered
///    │                            Away ──────────────┘ │ └───────────────────────────► Away
///    └─────────────────────────────────────────────────┘ over, never called
/// ```
#[derive(Debug, Clone)]
enum Phase {
    /// Nobody has wanted it yet, or for so long that it was closed. Cancelled when somebody does.
    Idle(CancellationToken),
    /// For the first time, or again after a connection that was good: worth waiting for.
    Connecting,
    /// It may be called, unless its connection is just over.
    Ready(Life),
    /// The last attempt to connect has failed, and another follows.
    Away(String),
}

impl Default for Phase {
    fn default() -> Self {
        Self::Idle(CancellationToken::new())
    }
}

/// One connection from its beginning to its end.
#[derive(Debug, Clone)]
pub(super) struct Life {
    channel: Channel,
    /// Cancelled when the connection is over.
    pub(super) over: CancellationToken,
    was_called: Arc<AtomicBool>,
    has_answered: Arc<AtomicBool>,
}

impl Life {
    pub(super) fn of(channel: Channel, over: CancellationToken) -> Self {
        Self { channel, over, was_called: Arc::default(), has_answered: Arc::default() }
    }

    /// Whether a call went over it.
    pub(super) fn was_called(&self) -> bool {
        self.was_called.load(Ordering::Relaxed)
    }

    /// Whether an answer came over it.
    pub(super) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }
}

/// Who gets a call.
#[derive(Debug)]
pub(super) enum Choice {
    Take(Lease),
    Wait,
    Nobody(Away),
}

/// A replica for one attempt.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) address: SocketAddr,
    pub(crate) channel: Channel,
    life: Life,
    calls: Arc<AtomicUsize>,
}

impl Set {
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Waits until an address is lost.
    pub(super) async fn lost(&self) {
        self.lost.notified().await;
    }

    /// Those that are known.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.state().replicas.keys().copied().collect()
    }

    /// The name has this address now.
    pub(super) fn insert(&self, address: SocketAddr) {
        self.change(|state| _ = state.replicas.entry(address).or_default());
    }

    /// The name no longer has it. Calls under way go on.
    pub(super) fn remove(&self, address: SocketAddr) {
        self.change(|state| _ = state.replicas.remove(&address));
    }

    /// How many addresses were lost so far.
    pub(super) fn losses(&self) -> u64 {
        self.state().losses
    }

    /// The name was resolved after so many losses; what is said where it has no address.
    pub(super) fn resolved(&self, losses: u64, unresolved: Option<String>) {
        self.change(|state| {
            state.unresolved = unresolved;
            state.resolved_losses = losses;
        });
    }

    /// Calls may go there.
    pub(super) fn connected(&self, address: SocketAddr, life: Life) {
        self.enter(address, Phase::Ready(life));
    }

    /// Calls wait, or go elsewhere.
    pub(super) fn connecting(&self, address: SocketAddr) {
        self.enter(address, Phase::Connecting);
    }

    /// Calls go elsewhere.
    pub(super) fn away(&self, address: SocketAddr, cause: String) {
        self.enter(address, Phase::Away(cause));
        self.lost.notify_one();
    }

    /// Waits until somebody wants to call.
    pub(super) async fn wanted(&self, address: SocketAddr) {
        let wanted = CancellationToken::new();
        self.enter(address, Phase::Idle(wanted.clone()));
        wanted.cancelled().await;
    }

    /// Who gets a call that has tried these.
    pub(super) fn lease(&self, tried: &[SocketAddr]) -> Choice {
        let state = self.state();
        for replica in state.replicas.values() {
            if let Phase::Idle(wanted) = &replica.phase {
                wanted.cancel();
            }
        }
        let chosen = state.choose(tried, random()).and_then(|address| state.replicas.get_key_value(&address));
        let Some((&address, Replica { phase: Phase::Ready(life), calls, .. })) = chosen else {
            return state.nobody().map_or(Choice::Wait, Choice::Nobody);
        };
        calls.fetch_add(1, Ordering::Relaxed);
        life.was_called.store(true, Ordering::Relaxed);
        let (life, calls) = (life.clone(), Arc::clone(calls));
        Choice::Take(Lease { address, channel: life.channel.clone(), life, calls })
    }

    fn enter(&self, address: SocketAddr, phase: Phase) {
        self.change(|state| state.enter(address, phase));
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changes.send_replace(());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enter(&mut self, address: SocketAddr, phase: Phase) {
        let Some(replica) = self.replicas.get_mut(&address) else { return };
        match phase {
            Phase::Ready(_) => replica.was_good = true,
            Phase::Away(_) => self.losses += u64::from(std::mem::take(&mut replica.was_good)),
            Phase::Idle(_) | Phase::Connecting => {}
        }
        replica.phase = phase;
    }

    /// The less busy of two that are ready, chosen by `chance`; one that was tried only where all were.
    fn choose(&self, tried: &[SocketAddr], chance: u64) -> Option<SocketAddr> {
        let is_ready =
            |replica: &Replica| matches!(&replica.phase, Phase::Ready(life) if !life.over.is_cancelled());
        let ready = || self.replicas.iter().filter(|(_, replica)| is_ready(replica));
        let mut among: Vec<_> = ready().filter(|(address, _)| !tried.contains(address)).collect();
        if among.is_empty() {
            among = ready().collect();
        }
        let [one, other] = two_of(among.len(), chance)?;
        let calls = |index: usize| among[index].1.calls.load(Ordering::Relaxed);
        let chosen = if calls(one) <= calls(other) { one } else { other };
        Some(*among[chosen].0)
    }

    /// Why nobody can be called, when nobody is worth waiting for. Where the last good address was lost just now, its name is: those
    /// that were known may all have been replaced.
    fn nobody(&self) -> Option<Away> {
        let causes = self.replicas.values().map(|replica| match &replica.phase {
            Phase::Away(cause) => Some(cause.clone()),
            Phase::Idle(_) | Phase::Connecting | Phase::Ready(_) => None,
        });
        let causes: Vec<String> = causes.collect::<Option<_>>()?;
        if self.losses > self.resolved_losses {
            return None;
        }
        if causes.is_empty() {
            return self.unresolved.clone().map(Away);
        }
        Some(Away(causes.join("; ")))
    }
}

/// Two of so many, at random; the same one twice where there is only one.
fn two_of(count: usize, chance: u64) -> Option<[usize; 2]> {
    let below = |chance: u64, bound: usize| usize::try_from(chance % (bound as u64)).unwrap_or_default();
    match count {
        0 => None,
        1 => Some([0, 0]),
        _ => {
            let one = below(chance & u64::from(u32::MAX), count);
            let other = below(chance >> 32, count - 1);
            Some([one, if other < one { other } else { other + 1 }])
        }
    }
}

impl Lease {
    /// An answer came.
    pub(crate) fn answered(&self) {
        self.life.has_answered.store(true, Ordering::Relaxed);
    }

    /// The connection takes no more calls.
    pub(crate) fn lost(&self) {
        self.life.over.cancel();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_many_are_never_the_same() {
        for count in 2..6 {
            for chance in (0..1_000_u64).map(|number| number.wrapping_mul(0x9E37_79B9_7F4A_7C15)) {
                let [one, other] = two_of(count, chance).unwrap();

                assert!(one != other && one < count && other < count);
            }
        }
        assert_eq!((two_of(0, 7), two_of(1, 7)), (None, Some([0, 0])));
    }

    #[test]
    fn nobody_is_there_only_when_nobody_is_worth_waiting_for() {
        let address = |last: u8| SocketAddr::from(([127, 0, 0, last], 1));
        let set = Set::default();
        let nobody = || set.state().nobody();

        let before_resolving = nobody();
        set.resolved(0, Some("the name x does not resolve".to_owned()));
        let unresolved = nobody();
        set.insert(address(1));
        set.insert(address(2));
        set.away(address(1), "refused".to_owned());
        let one_is_connecting = nobody();
        set.away(address(2), "late".to_owned());
        let all_away = nobody();

        assert_eq!((before_resolving, one_is_connecting), (None, None));
        assert_eq!(unresolved, Some(Away("the name x does not resolve".to_owned())));
        assert_eq!(all_away, Some(Away("refused; late".to_owned())));
    }
}
