//! A stream of messages that change: looks, sends, shows that it lives, and ends in time.
//!
//! A server that stops ends a stream that waits; whoever watched goes on elsewhere with the last token it got. At most one
//! look's messages are held for a reader that is slow: the next look comes when they are taken.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, Stream};
use rekey_wire::notification::v1 as wire;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};
use tonic::Status;

use super::encode;
use super::refusal::{answer, refuse};
use crate::domain::notification::Notification;
use crate::domain::refusal::Refusal;
use crate::intake::{Intake, Watch};

/// How long a stream lasts: with room within the 60 s that no call exceeds.
const LIFE: Duration = Duration::from_secs(50);

/// When a stream of another caller has likely ended.
const PLACE_LIKELY_FREE: Duration = Duration::from_secs(10);

/// How streams look for changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WatchSettings {
    pub(crate) poll: Duration,
    pub(crate) heartbeat: Duration,
    /// Most streams at once.
    pub(crate) watchers: usize,
}

/// The places of streams.
#[derive(Clone)]
pub(super) struct Watchers {
    settings: WatchSettings,
    places: Arc<Semaphore>,
}

/// What a watcher reads.
pub(super) type ChangeStream =
    Pin<Box<dyn Stream<Item = Result<wire::WatchNotificationsResponse, Status>> + Send>>;

impl Watchers {
    pub(super) fn new(settings: WatchSettings) -> Self {
        Self { settings, places: Arc::new(Semaphore::new(settings.watchers)) }
    }

    /// A place, if one is free.
    pub(super) fn place(&self) -> Result<OwnedSemaphorePermit, Status> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map_err(|_| refuse(Refusal::WatchersFull { retry_after: PLACE_LIKELY_FREE }))
    }

    /// The stream, holding its place as long as it lasts.
    pub(super) fn stream(
        &self,
        intake: Arc<Intake>,
        watch: Watch,
        place: OwnedSemaphorePermit,
    ) -> ChangeStream {
        let now = Instant::now();
        let watching =
            Watching { intake, watch, settings: self.settings, ends_at: now + LIFE, sign_due: now };
        Box::pin(stream::unfold(Some((watching, place)), |watching| async move {
            let (mut watching, place): (Watching, _) = watching?;
            match watching.next().await.transpose()? {
                Ok(message) => Some((Ok(message), Some((watching, place)))),
                // What ends it is the last that is said.
                Err(status) => Some((Err(status), None)),
            }
        }))
    }
}

/// A stream under way.
struct Watching {
    intake: Arc<Intake>,
    watch: Watch,
    settings: WatchSettings,
    ends_at: Instant,
    /// When to show that it lives; now at its beginning.
    sign_due: Instant,
}

impl Watching {
    /// The next message; `None` at the end of its life.
    async fn next(&mut self) -> Result<Option<wire::WatchNotificationsResponse>, Status> {
        loop {
            if Instant::now() >= self.ends_at {
                return Ok(None);
            }
            let seen = self.intake.look(&mut self.watch).await.map_err(answer)?;
            if !seen.notifications.is_empty() || Instant::now() >= self.sign_due {
                return Ok(Some(self.message(seen.notifications, seen.caught_up)));
            }
            if seen.caught_up {
                sleep(self.settings.poll).await;
            }
        }
    }

    fn message(
        &mut self,
        notifications: Vec<Notification>,
        caught_up: bool,
    ) -> wire::WatchNotificationsResponse {
        self.sign_due = Instant::now() + self.settings.heartbeat;
        wire::WatchNotificationsResponse {
            notifications: notifications.into_iter().map(encode::notification).collect(),
            resume_token: self.intake.resume_token(&self.watch),
            caught_up,
        }
    }
}
