//! Lets go what waits for a provider once one of its channel works again, so that nothing waits out a back-off for nothing.
//!
//! In portions that grow: a relay that has just come back is not met by everything at once. It ends when nothing waits any
//! more, or soon after nothing does but what waits anew, and when all providers of the channel are left alone again. Every
//! replica does so by what it learns itself; what one of them releases and another still postpones is released again by the next
//! portion.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_runtime::shutdown::Shutdown;
use tokio::time::MissedTickBehavior;

use crate::domain::destination::Channel;
use crate::domain::lane::Lane;
use crate::providers::{ConfiguredProvider, Outlook, Providers};
use crate::signals::{Returns, WakeUp};
use crate::store::{Store, in_time};

/// What the first portion holds: a few more than the one that found the provider well.
const FIRST_PORTION: usize = 8;
/// What portions grow to: with the pause between them 2,500 a second, more than a relay takes.
const LARGEST_PORTION: usize = 256;
/// Between two portions.
const PAUSE: Duration = Duration::from_millis(100);

/// How often a provider that is left alone is asked whether it answers.
const PROBE_EVERY: Duration = Duration::from_millis(500);
/// How long it may take over the answer: a far one needs several round trips. The next question does not wait for it.
const PROBE_WITHIN: Duration = Duration::from_secs(2);

// What waits leaves within a second of its provider's return: it is asked half a second later at most, which leaves as much for
// the answer and the portion that tries it. The lanes are woken and need not look by themselves.
const _: () = assert!(PROBE_EVERY.as_millis() + PAUSE.as_millis() < 1_000);

/// So many portions that are not full follow a return. By then the other replicas have found out by themselves; what waits
/// for a provider again after that waits for another one, and letting it go would only wear out its tries.
const LAST_PORTIONS: u32 = 20;

/// The loops that let go.
pub(crate) struct Releaser {
    pub(crate) store: Store,
    pub(crate) providers: Providers,
    pub(crate) returns: Returns,
    pub(crate) wake_up: WakeUp,
    pub(crate) clock: SharedClock,
}

impl Releaser {
    /// Waits for providers to come back until told to stop.
    ///
    /// # Errors
    /// Never; a store that is away is waited for.
    pub(crate) async fn run(self, stop: Shutdown) -> anyhow::Result<()> {
        // Beside each other: a channel in which much waits must not keep the others, or the probes, from their turn.
        let releasing = join_all(Channel::ALL.iter().map(|channel| self.release_returns(*channel, &stop)));
        let watching = join_all(self.providers.iter().map(|provider| self.watch(provider, &stop)));
        tokio::join!(watching, releasing);
        Ok(())
    }

    /// Asks a provider whether it answers, again and again while it is left alone. A question that gets no answer holds up
    /// neither the next one nor another provider's.
    async fn watch(&self, provider: &ConfiguredProvider, stop: &Shutdown) {
        let mut ticks = tokio::time::interval(PROBE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut asked = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                () = stop.begun() => return,
                Some(()) = asked.next() => {}
                _ = ticks.tick() => {
                    if provider.is_awaited(self.clock.now()) {
                        asked.push(self.look_at(provider));
                    }
                }
            }
        }
    }

    async fn release_returns(&self, channel: Channel, stop: &Shutdown) {
        loop {
            tokio::select! {
                biased;
                () = stop.begun() => return,
                () = self.returns.noted(channel) => self.release(channel, stop).await,
            }
        }
    }

    /// Asks a provider whether it answers. Where it does again, a few of those that wait for it are let go: one of them tries
    /// it, and what it finds lets go the rest.
    async fn look_at(&self, provider: &ConfiguredProvider) {
        let asked_at = self.clock.now();
        let answer = tokio::time::timeout(PROBE_WITHIN, provider.sender.ping()).await;
        let (is_answered, now) = (matches!(answer, Ok(Ok(()))), self.clock.now());
        let is_back = |lane: &&Lane| provider.breakers.of(**lane).probed(is_answered, asked_at, now);
        if Lane::ALL.iter().filter(is_back).count() == 0 {
            return;
        }
        tracing::info!(provider = provider.name, "provider answers again");
        for &channel in &provider.channels {
            self.release_portion(channel, now, FIRST_PORTION).await;
        }
    }

    /// Lets go what waits for providers of a channel.
    pub(super) async fn release(&self, channel: Channel, stop: &Shutdown) {
        let (mut portion, mut not_full, mut was_empty) = (FIRST_PORTION, 0, false);
        loop {
            let now = self.clock.now();
            if !self.works(channel, now) {
                return;
            }
            match self.release_portion(channel, now, portion).await {
                // What a worker put back for this provider just before it came back may not be recorded yet: one look more.
                Some(0) if was_empty => return,
                Some(0) => was_empty = true,
                Some(count) => {
                    tracing::info!(channel = channel.as_str(), count, "let go what waited for a provider");
                    was_empty = false;
                    not_full += u32::from(count < portion);
                    if not_full >= LAST_PORTIONS {
                        return;
                    }
                    portion = (2 * portion).min(LARGEST_PORTION);
                }
                // The store is away: the same again.
                None => {}
            }
            if !stop.pause(PAUSE).await {
                return;
            }
        }
    }

    /// Lets a portion go; how many those were, and none where the store failed.
    pub(super) async fn release_portion(
        &self,
        channel: Channel,
        now: Timestamp,
        most: usize,
    ) -> Option<usize> {
        let released = in_time(self.store.release_waiting(channel, now, most)).await;
        let released = released
            .inspect_err(|failure| tracing::warn!(error = %failure, "cannot let go what waits"))
            .ok()?;
        for &lane in Lane::ALL.iter().filter(|lane| *released.of(**lane) > 0) {
            self.wake_up.wake(lane);
        }
        Some(Lane::ALL.iter().map(|lane| *released.of(*lane)).sum())
    }

    /// Whether a provider of the channel is left alone in no lane: one that fell away again is, in the lane that noticed.
    fn works(&self, channel: Channel, now: Timestamp) -> bool {
        let is_left_alone = |outlook: Outlook| matches!(outlook, Outlook::LeftAlone { .. });
        let works = |provider: &ConfiguredProvider| {
            !Lane::ALL.iter().any(|lane| is_left_alone(provider.breakers.of(*lane).outlook(now)))
        };
        self.providers.of(channel).any(works)
    }
}
