//! Showing messages and stepping in.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{NotificationId, RequestId};

use super::page_token::{self, Arguments};
use super::{Error, Intake, of_caller};
use crate::domain::notification::Notification;
use crate::domain::page::Filter;
use crate::domain::refusal::Refusal;
use crate::domain::scope::CallerScope;
use crate::store::{ChangeOutcome, ChangeRequest, Listed};

/// A page of journeys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// The messages, newest first.
    pub(crate) notifications: Vec<Notification>,
    /// Where the next page begins; empty on the last.
    pub(crate) next_page_token: String,
}

impl Intake {
    /// One message and its journey.
    ///
    /// # Errors
    /// No such message of the tenant that the caller may see, or the store failed.
    pub(crate) async fn get(&self, scope: &CallerScope, id: NotificationId) -> Result<Notification, Error> {
        Ok(self.store.get(scope, id).await?.ok_or(Refusal::NotificationNotFound)?)
    }

    /// A page of the tenant's messages that the caller may see.
    ///
    /// # Errors
    /// A token that is not ours for these arguments, or the store failed.
    pub(crate) async fn list(
        &self,
        scope: &CallerScope,
        filter: &Filter,
        page_token: &str,
        page_size: usize,
    ) -> Result<Page, Error> {
        let arguments = Arguments::of(scope, filter);
        let after = match page_token {
            "" => None,
            token => Some(page_token::read(token, arguments).ok_or(Refusal::PageTokenInvalid)?),
        };
        let Listed { notifications, next } = self.store.list(scope, filter, after, page_size).await?;
        let next_page_token = next.map(|position| page_token::write(position, arguments)).unwrap_or_default();
        Ok(Page { notifications, next_page_token })
    }

    /// Withdraws a queued message.
    ///
    /// # Errors
    /// It is not there or not queued, the request id means something else, or the store failed.
    pub(crate) async fn cancel(
        &self,
        scope: &CallerScope,
        id: NotificationId,
        request_id: RequestId,
    ) -> Result<Notification, Error> {
        let now = self.clock.now();
        let change = self.store.cancel(scope, self.change_request(scope, id, request_id, now), now).await?;
        made(change, Refusal::NotQueued)
    }

    /// Queues a dead or unknown message again.
    ///
    /// # Errors
    /// It is not there or cannot be replayed, the request id means something else, or the store failed.
    pub(crate) async fn replay(
        &self,
        scope: &CallerScope,
        id: NotificationId,
        request_id: RequestId,
    ) -> Result<Notification, Error> {
        let now = self.clock.now();
        let change = self.store.replay(scope, self.change_request(scope, id, request_id, now), now).await?;
        let notification = made(change, Refusal::NotReplayable)?;
        self.signals.wake_up.wake(notification.lane);
        Ok(notification)
    }

    fn change_request(
        &self,
        scope: &CallerScope,
        id: NotificationId,
        request_id: RequestId,
        now: Timestamp,
    ) -> ChangeRequest {
        let request_id = of_caller(scope, request_id);
        ChangeRequest { id, request_id, request_expires_at: now.plus(self.rules.request_life) }
    }
}

fn made(change: ChangeOutcome, impossible: Refusal) -> Result<Notification, Error> {
    match change {
        ChangeOutcome::Made(notification) => Ok(*notification),
        ChangeOutcome::NotFound => Err(Refusal::NotificationNotFound.into()),
        ChangeOutcome::Impossible => Err(impossible.into()),
        ChangeOutcome::RequestIdReused => Err(Refusal::RequestIdReused.into()),
    }
}
