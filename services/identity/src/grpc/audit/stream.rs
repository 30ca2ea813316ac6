//! A stream of events: looks, sends, shows that it lives, and ends in time.

use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::{self, Stream};
use rekey_primitives::secret::ExposeSecret;
use rekey_wire::identity::v1 as wire;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep};
use tonic::Status;

use super::super::refusal::status;
use super::{WatchSettings, messages};
use crate::audit_log::{AuditLog, Watch};
use crate::domain::audit::SealedEvent;
use crate::operation::Administrator;

/// How long a stream lasts: with room within the 60 s that no call exceeds.
const LIFE: Duration = Duration::from_secs(50);

/// What a watcher reads.
pub(in crate::grpc) type EventStream =
    Pin<Box<dyn Stream<Item = Result<wire::WatchEventsResponse, Status>> + Send>>;

/// A stream under way.
pub(super) struct Watching {
    log: AuditLog,
    administrator: Administrator,
    watch: Watch,
    settings: WatchSettings,
    ends_at: Instant,
    /// When to show that it lives; now at its beginning.
    sign_due: Instant,
    /// Whether the last look found everything.
    caught_up: bool,
}

impl Watching {
    pub(super) fn begin(
        log: AuditLog,
        administrator: Administrator,
        watch: Watch,
        settings: WatchSettings,
    ) -> Self {
        let now = Instant::now();
        Self { log, administrator, watch, settings, ends_at: now + LIFE, sign_due: now, caught_up: false }
    }

    /// The stream, holding its place as long as it lasts.
    pub(super) fn stream(self, place: OwnedSemaphorePermit) -> EventStream {
        Box::pin(stream::unfold(Some((self, place)), |watching| async move {
            let (mut watching, place): (Self, _) = watching?;
            match watching.next().await.transpose()? {
                Ok(message) => Some((Ok(message), Some((watching, place)))),
                // What ends it is the last that is said.
                Err(status) => Some((Err(status), None)),
            }
        }))
    }

    /// The next message; `None` at the end of its life.
    async fn next(&mut self) -> Result<Option<wire::WatchEventsResponse>, Status> {
        loop {
            if Instant::now() >= self.ends_at {
                return Ok(None);
            }
            let is_due = Instant::now() >= self.sign_due;
            if is_due {
                self.log.may_still_watch(&self.administrator, &self.watch).await.map_err(status)?;
            }
            let seen = self.log.look(&mut self.watch).await.map_err(status)?;
            self.caught_up = seen.caught_up;
            if !seen.events.is_empty() || is_due {
                return Ok(Some(self.message(seen.events)));
            }
            if self.caught_up {
                sleep(self.settings.poll).await;
            }
        }
    }

    fn message(&mut self, events: Vec<SealedEvent>) -> wire::WatchEventsResponse {
        self.sign_due = Instant::now() + self.settings.heartbeat;
        wire::WatchEventsResponse {
            events: events.into_iter().map(messages::event).collect(),
            resume_token: self.log.resume_token(&self.watch).expose_secret().to_owned(),
            caught_up: self.caught_up,
        }
    }
}
