//! Sends the sealed events of tenants to their webhooks, until each was taken.
//!
//! A webhook is worked on under a lease, by one replica at a time, event after event in the order of positions; the next
//! one goes out when the one before was taken and that was written down. So a process that dies sends one event twice at
//! most, under the same id, and nothing is left out. What fails waits, and the webhook with it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::EventId;
use rekey_runtime::shutdown::Shutdown;
use rekey_sealing::WebhookSecret;
use rekey_webhooks::client::{Client, Post};
use tokio::task::JoinSet;

use crate::domain::audit::{AuditEvent, SealedEvent};
use crate::domain::sealed::Sealed;
use crate::domain::webhook::retry::{GoesOn, RetryRules};
use crate::domain::webhook::{Disabling, FailedTry};
use crate::metrics;
use crate::store::webhooks::delivery::{ClaimedWebhook, FailedDelivery};
use crate::store::{Failure, Store, in_time};

/// How many events are read at once.
const BATCH: u32 = 100;

/// Opens a sealed secret; `None` if its key is gone.
pub(crate) type Opener = Arc<dyn Fn(&ClaimedWebhook, &Sealed) -> Option<WebhookSecret> + Send + Sync>;

/// Writes an event as receivers get it.
pub(crate) type Encoder = Arc<dyn Fn(SealedEvent) -> Bytes + Send + Sync>;

/// What the log says of a webhook that gets no more events, and why.
pub(crate) type Disabled = Arc<dyn Fn(&ClaimedWebhook, Disabling, Timestamp) -> AuditEvent + Send + Sync>;

/// How it goes about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeliverySettings {
    /// How often webhooks with something to send are looked for.
    pub poll: Duration,
    /// Most webhooks that are worked on at once.
    pub side_by_side: usize,
    /// How long one is held without a sign of life, and how long a turn at it is before others have theirs: well above what a
    /// try may take.
    pub lease: Duration,
    /// What a try may take.
    pub try_within: Duration,
    pub retry: RetryRules,
    /// The media type of what the encoder writes.
    pub content_type: &'static str,
}

/// The loop.
pub(crate) struct Delivery {
    pub store: Store,
    pub client: Client,
    pub open: Opener,
    pub encode: Encoder,
    pub disabled: Disabled,
    pub clock: SharedClock,
    pub entropy: SharedEntropy,
    pub settings: DeliverySettings,
}

/// How a turn at a webhook goes on after an event.
enum Next {
    Event,
    /// It is let go: at once, for others or for the next turn.
    LetGo,
    /// It was let go with what had to be said.
    Gone,
}

/// A turn at a webhook.
struct Turn<'a> {
    delivery: &'a Delivery,
    claimed: ClaimedWebhook,
    /// Those that sign now, the newest first.
    secrets: Vec<WebhookSecret>,
    /// The last event that was handed over or passed over.
    position: i64,
    /// Whether the receiver took any.
    has_taken: bool,
    /// When others may take over.
    held_until: Timestamp,
    /// When others have their turn, however much there is to send.
    ends_at: Timestamp,
}

impl Delivery {
    /// Sends until told to stop. A store that is away is tried again.
    ///
    /// # Errors
    /// Never: whatever breaks is logged and tried again.
    pub(crate) async fn run(self, stop: Shutdown) -> Result<(), Infallible> {
        let delivery = Arc::new(self);
        // Tasks of their own: one that holds a connection of the store must go on while the loop waits for another.
        let mut turns = JoinSet::new();
        loop {
            let room = delivery.settings.side_by_side.saturating_sub(turns.len());
            let claimed = if room > 0 { delivery.claim(room).await } else { Vec::new() };
            for (claimed, held_until) in claimed {
                let (delivery, stop) = (Arc::clone(&delivery), stop.clone());
                turns.spawn(async move { delivery.turn(claimed, held_until, stop).await });
            }
            if !stop.pause(delivery.settings.poll).await {
                break;
            }
            while turns.try_join_next().is_some() {}
        }
        // Each ends as soon as it sees the signal.
        while turns.join_next().await.is_some() {}
        Ok(())
    }

    /// Webhooks that have something to be sent, and until when they are held.
    async fn claim(&self, room: usize) -> Vec<(ClaimedWebhook, Timestamp)> {
        let now = self.clock.now();
        let (limit, until) = (u32::try_from(room).unwrap_or(u32::MAX), now.plus(self.settings.lease));
        match in_time(self.store.claim_webhooks(limit, until, now)).await {
            Ok(claimed) => claimed.into_iter().map(|claimed| (claimed, until)).collect(),
            Err(failure) => {
                tracing::warn!(error = %failure, "webhooks could not be claimed");
                Vec::new()
            }
        }
    }

    async fn turn(&self, claimed: ClaimedWebhook, held_until: Timestamp, stop: Shutdown) {
        let webhook = claimed.id;
        let Some(secrets) = self.secrets(&claimed) else {
            tracing::error!(%webhook, "the pepper that the secret of a webhook is under is gone");
            return;
        };
        let position = claimed.position;
        // The lease as it was claimed; what is taken meanwhile makes it longer, not the turn.
        let ends_at = held_until;
        let turn = Turn { delivery: self, claimed, secrets, position, has_taken: false, held_until, ends_at };
        if let Err(failure) = turn.run(&stop).await {
            // Its lease ends, and then it goes on.
            tracing::warn!(%webhook, error = %failure, "events could not be read, or not noted as sent");
        }
    }

    /// The secrets that sign now; `None` if that of today does not open.
    fn secrets(&self, claimed: &ClaimedWebhook) -> Option<Vec<WebhookSecret>> {
        let now = self.clock.now();
        let mut secrets = vec![(self.open)(claimed, &claimed.secret)?];
        let previous = claimed.previous_secret.as_ref().filter(|(_, until)| !now.has_reached(*until));
        secrets.extend(previous.and_then(|(secret, _)| (self.open)(claimed, secret)));
        Some(secrets)
    }
}

impl Turn<'_> {
    async fn run(mut self, stop: &Shutdown) -> Result<(), Failure> {
        let scope = self.claimed.scope();
        while !stop.has_begun() && !self.delivery.clock.now().has_reached(self.ends_at) {
            let reading = self.delivery.store.chain_behind(&scope, self.position, i64::MAX, BATCH);
            let rows = in_time(reading).await?;
            let is_end = rows.len() < BATCH as usize;
            for row in rows {
                let next = match row.sealed {
                    Some(sealed) if self.claimed.filter.wants(&sealed.event) => {
                        self.send(sealed, stop).await?
                    }
                    Some(_) => Next::Event,
                    None => {
                        // It would stop everything behind it.
                        let event = row.event_id;
                        tracing::error!(webhook = %self.claimed.id, %event, "an event that does not read is not sent");
                        Next::Event
                    }
                };
                match next {
                    Next::Event => self.position = row.position,
                    Next::LetGo => return self.let_go().await,
                    Next::Gone => return Ok(()),
                }
            }
            if is_end {
                break;
            }
        }
        self.let_go().await
    }

    async fn send(&mut self, sealed: SealedEvent, stop: &Shutdown) -> Result<Next, Failure> {
        let now = self.delivery.clock.now();
        // Nobody else must begin while this try is under way.
        let is_short = now.plus(self.delivery.settings.try_within).has_reached(self.held_until);
        if is_short || now.has_reached(self.ends_at) {
            return Ok(Next::LetGo);
        }
        let (position, id) = (sealed.position, sealed.event.id);
        let body = (self.delivery.encode)(sealed);
        let tried = tokio::select! {
            biased;
            () = stop.begun() => return Ok(Next::LetGo),
            tried = self.post(id, body) => tried,
        };
        match tried {
            Ok(()) => {
                metrics::WEBHOOKS.add(1, ["taken"]);
                self.delivered(position).await
            }
            Err(failed) => self.failed(failed).await,
        }
    }

    async fn post(&self, id: EventId, body: Bytes) -> Result<(), FailedTry> {
        let (id, unix_seconds) = (id.to_string(), self.delivery.clock.now().unix_seconds());
        let signatures: Vec<String> =
            self.secrets.iter().map(|secret| secret.sign(&id, unix_seconds, &body)).collect();
        let post = Post {
            url: &self.claimed.url,
            id: &id,
            unix_seconds,
            signature: signatures.join(" "),
            content_type: self.delivery.settings.content_type,
            body,
        };
        self.delivery.client.post(&post).await
    }

    async fn delivered(&mut self, position: i64) -> Result<Next, Failure> {
        let (store, now) = (&self.delivery.store, self.delivery.clock.now());
        (self.has_taken, self.held_until) = (true, now.plus(self.delivery.settings.lease));
        let noting = store.webhook_delivered(&self.claimed, position, self.held_until, now);
        Ok(if in_time(noting).await? { Next::Event } else { Next::LetGo })
    }

    async fn failed(&self, failed: FailedTry) -> Result<Next, Failure> {
        let (claimed, now) = (&self.claimed, self.delivery.clock.now());
        // What was taken since the claim ended the row of failures.
        let is_first = self.has_taken || claimed.failures == 0;
        let failures = if is_first { 1 } else { claimed.failures.saturating_add(1) };
        let since = claimed.failing_since.filter(|_| !is_first).unwrap_or(now);
        let rules = self.delivery.settings.retry;
        let goes_on = rules.after(&failed, failures, since, &*self.delivery.entropy, now);
        let outcome = if matches!(goes_on, GoesOn::Disabled(_)) { "disabled" } else { "not_taken" };
        metrics::WEBHOOKS.add(1, [outcome]);
        self.told(&failed, goes_on, is_first);
        let why = if let GoesOn::Disabled(why) = goes_on { why } else { Disabling::Failing };
        let event = (self.delivery.disabled)(claimed, why, now);
        let failed = FailedDelivery { position: self.position, failed, goes_on, event, now };
        let noted = in_time(self.delivery.store.webhook_failed(claimed, &failed)).await?;
        Ok(if noted { Next::Gone } else { Next::LetGo })
    }

    /// The log hears of the first failure of a row and of the last one.
    fn told(&self, failed: &FailedTry, goes_on: GoesOn, is_first: bool) {
        let (webhook, failure, status) = (self.claimed.id, failed.kind.as_str(), failed.status);
        match goes_on {
            GoesOn::Disabled(why) => {
                let why = why.as_str();
                tracing::warn!(%webhook, why, failure, status, "a webhook is disabled");
            }
            GoesOn::At(_) if is_first => {
                tracing::warn!(%webhook, failure, status, "a webhook takes no events; they wait");
            }
            GoesOn::At(_) => tracing::debug!(%webhook, failure, status, "a webhook takes no events"),
        }
    }

    async fn let_go(&self) -> Result<(), Failure> {
        let now = self.delivery.clock.now();
        in_time(self.delivery.store.release_webhook(&self.claimed, self.position, now)).await
    }
}

#[cfg(test)]
mod tests;
