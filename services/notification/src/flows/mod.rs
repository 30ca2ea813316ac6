//! The order of steps behind each RPC: [`PostOffice`] accepts messages, shows their journeys and steps in.

mod acceptance;

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::{NotificationId, RequestId};
use rekey_sealing::{AeadKeys, digest};

pub(crate) use self::acceptance::Receipt;
use crate::domain::lane::{Lane, PerLane};
use crate::domain::links::LinkHosts;
use crate::domain::notification::Notification;
use crate::domain::page::{Arguments, Filter, Position};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::store::{Bell, Change, Depths, Failure, RequestedChange, Store};

/// A flow that did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// We said no.
    #[error("refused")]
    Refused(Refusal),
    /// The store is away: try again.
    #[error("the store is away")]
    Away(#[source] Failure),
    /// Something broke.
    #[error("the store broke")]
    Broken(#[source] Failure),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        if failure.is_away() { Self::Away(failure) } else { Self::Broken(failure) }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What the settings say about accepting.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// The life of a message whose caller does not say.
    pub(crate) life: PerLane<Duration>,
    /// The most that may wait.
    pub(crate) queue_limit: PerLane<u64>,
    /// How long a request id means the same message.
    pub(crate) request_life: Duration,
    /// No message lives longer: its row would be purged first.
    pub(crate) longest_life: Duration,
    /// Whether mail has a provider.
    pub(crate) sends_email: bool,
    /// Whether text messages have one.
    pub(crate) sends_sms: bool,
    /// The hosts that links may lead to.
    pub(crate) link_hosts: LinkHosts,
}

/// A page of journeys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// The messages, newest first.
    pub(crate) notifications: Vec<Notification>,
    /// Where the next page begins; empty on the last.
    pub(crate) next_page_token: String,
}

/// Everything a caller can ask for.
pub(crate) struct PostOffice {
    store: Arc<dyn Store>,
    keys: Arc<AeadKeys>,
    rules: Rules,
    bell: Bell,
    depths: Depths,
    clock: SharedClock,
    entropy: SharedEntropy,
}

impl PostOffice {
    /// An office over this store.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        keys: Arc<AeadKeys>,
        rules: Rules,
        (bell, depths): (Bell, Depths),
        (clock, entropy): (SharedClock, SharedEntropy),
    ) -> Self {
        Self { store, keys, rules, bell, depths, clock, entropy }
    }

    /// The hosts that links may lead to.
    pub(crate) fn link_hosts(&self) -> &LinkHosts {
        &self.rules.link_hosts
    }

    /// One message and its journey.
    ///
    /// # Errors
    /// No such message in the tenant, or the store failed.
    pub(crate) async fn get(&self, scope: TenantScope, id: NotificationId) -> Result<Notification, Error> {
        Ok(self.store.get(scope, id).await?.ok_or(Refusal::NotificationNotFound)?)
    }

    /// A page of the tenant's messages.
    ///
    /// # Errors
    /// A token that is not ours for these arguments, or the store failed.
    pub(crate) async fn list(
        &self,
        scope: TenantScope,
        filter: &Filter,
        page_token: &str,
        page_size: usize,
    ) -> Result<Page, Error> {
        let arguments = mark(scope, filter);
        let after = match page_token {
            "" => None,
            token => Some(Position::read(token, arguments).ok_or(Refusal::PageTokenInvalid)?),
        };
        // One more than asked for tells whether there is a next page, without a count.
        let mut notifications = self.store.list(scope, filter, after, page_size + 1).await?;
        let has_more = notifications.len() > page_size;
        notifications.truncate(page_size);
        let next_page_token = match notifications.last() {
            Some(last) if has_more => Position { created_at: last.created_at, id: last.id }.token(arguments),
            _ => String::new(),
        };
        Ok(Page { notifications, next_page_token })
    }

    /// Withdraws a queued message.
    ///
    /// # Errors
    /// It is not there or not queued, the request id means something else, or the store failed.
    pub(crate) async fn cancel(
        &self,
        scope: TenantScope,
        id: NotificationId,
        request_id: RequestId,
    ) -> Result<Notification, Error> {
        let now = self.clock.now();
        let change = self.store.cancel(scope, self.requested(id, request_id, now), now).await?;
        made(change, Refusal::NotQueued)
    }

    /// Queues a dead or unknown message again.
    ///
    /// # Errors
    /// It is not there or cannot be replayed, the request id means something else, or the store failed.
    pub(crate) async fn replay(
        &self,
        scope: TenantScope,
        id: NotificationId,
        request_id: RequestId,
    ) -> Result<Notification, Error> {
        let now = self.clock.now();
        let change = self.store.replay(scope, self.requested(id, request_id, now), now).await?;
        let notification = made(change, Refusal::NotReplayable)?;
        self.bell.ring(notification.lane);
        Ok(notification)
    }

    fn requested(&self, id: NotificationId, request_id: RequestId, now: Timestamp) -> RequestedChange {
        RequestedChange { id, request_id, request_expires_at: now.plus(self.rules.request_life) }
    }
}

fn made(change: Change, impossible: Refusal) -> Result<Notification, Error> {
    match change {
        Change::Made(notification) => Ok(notification),
        Change::NotFound => Err(Refusal::NotificationNotFound.into()),
        Change::Impossible => Err(impossible.into()),
        Change::RequestIdReused => Err(Refusal::RequestIdReused.into()),
    }
}

/// What binds a page token to the arguments it was made for.
fn mark(scope: TenantScope, filter: &Filter) -> Arguments {
    let number = |number: Option<i16>| number.unwrap_or(0).to_be_bytes();
    let whole = digest(&[
        b"notification list",
        scope.tenant_id().as_uuid().as_bytes(),
        &number(filter.state.map(crate::domain::state::State::number)),
        &number(filter.lane.map(Lane::number)),
        filter.reference.as_deref().unwrap_or_default().as_bytes(),
    ]);
    let mut arguments = [0; 8];
    arguments.copy_from_slice(&whole[..8]);
    arguments
}

#[cfg(test)]
mod tests;
