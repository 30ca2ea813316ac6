//! `rekey notification watch`: a stream that is opened again whenever it ends, and says how to go on. Of one message, until it
//! is over.

use std::time::Duration;

use rekey_wire::notification::v1::{
    Notification, NotificationState, WatchNotificationsRequest, WatchNotificationsResponse,
};
use serde_json::json;
use tonic::{Code, Request, Status, Streaming};

use super::{Client, cells, shown};
use crate::arguments::WatchedNotifications;
use crate::commands::resumption::resumed_by;
use crate::output::{Output, Partial, Stopped, print};
use crate::profile::Profile;

/// As long as a stream may last.
const DEADLINE: Duration = Duration::from_secs(60);

/// Waits before opening it again while nobody answers.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

pub(super) async fn run(
    client: Client,
    profile: &Profile,
    watched: WatchedNotifications,
    output: Output,
) -> anyhow::Result<()> {
    let request = WatchNotificationsRequest {
        tenant_id: profile.tenant(&watched.tenant).await?.tenant_id,
        resume_token: watched.resume.unwrap_or_default(),
        notification_id: watched.notification.unwrap_or_default(),
        reference: watched.reference.unwrap_or_default(),
    };
    let mut watching = Watching { client, request, output, wait: FIRST_WAIT };
    let ended = tokio::select! {
        ended = watching.run() => ended,
        interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| End::Interrupted).map_err(anyhow::Error::from),
    };
    match ended.map_err(|error| watching.stopped(error))? {
        End::Over => Ok(()),
        End::Interrupted => watching.say_how_to_go_on(),
    }
}

/// Why nothing more is shown.
enum End {
    /// The one message that was watched is over.
    Over,
    Interrupted,
}

struct Watching {
    client: Client,
    request: WatchNotificationsRequest,
    output: Output,
    wait: Duration,
}

impl Watching {
    /// Until it is refused, or the one message is over.
    async fn run(&mut self) -> anyhow::Result<End> {
        loop {
            let mut request = Request::new(self.request.clone());
            request.set_timeout(DEADLINE);
            let ended = match self.client.watch_notifications(request).await {
                Ok(opened) => match self.follow(opened.into_inner()).await? {
                    Followed::Over => return Ok(End::Over),
                    Followed::Ended(status) => status,
                },
                Err(status) => Some(status),
            };
            match ended {
                // At the end of its life it is opened again at once.
                None => {}
                Some(status) if passes(&status) => {
                    tokio::time::sleep(self.wait).await;
                    self.wait = (self.wait * 2).min(LONGEST_WAIT);
                }
                Some(status) => return Err(status.into()),
            }
        }
    }

    /// Prints what comes.
    async fn follow(
        &mut self,
        mut stream: Streaming<WatchNotificationsResponse>,
    ) -> anyhow::Result<Followed> {
        loop {
            match stream.message().await {
                Ok(Some(message)) => {
                    for notification in &message.notifications {
                        self.print(notification)?;
                    }
                    // Only what was printed is behind us.
                    self.request.resume_token = message.resume_token;
                    self.wait = FIRST_WAIT;
                    let is_one = !self.request.notification_id.is_empty();
                    if is_one && message.notifications.last().is_some_and(is_over) {
                        return Ok(Followed::Over);
                    }
                }
                Ok(None) => return Ok(Followed::Ended(None)),
                Err(status) => return Ok(Followed::Ended(Some(status))),
            }
        }
    }

    fn print(&self, notification: &Notification) -> anyhow::Result<()> {
        let line = if self.output.is_json() {
            shown(notification).to_string()
        } else {
            cells(notification).join("  ")
        };
        Ok(print(&line)?)
    }

    fn stopped(&self, error: anyhow::Error) -> anyhow::Error {
        let token = &self.request.resume_token;
        if token.is_empty() {
            return error;
        }
        Stopped::at(Partial::resumed_by("notifications", resumed_by(token)), error).into()
    }

    fn say_how_to_go_on(&self) -> anyhow::Result<()> {
        let token = &self.request.resume_token;
        if token.is_empty() {
            return Ok(());
        }
        if self.output.is_json() {
            return Ok(print(&json!({ "resume_token": token }).to_string())?);
        }
        self.output.say(&format!("\nGo on with: {}", resumed_by(token)));
        Ok(())
    }
}

/// How a stream came to its end.
enum Followed {
    /// The one message that was watched is over.
    Over,
    /// With what ended it early, if anything did.
    Ended(Option<Status>),
}

/// Whether a message stands where nothing but a replay moves it on.
fn is_over(notification: &Notification) -> bool {
    !matches!(notification.state(), NotificationState::Queued | NotificationState::Sending)
}

/// Whether it is worth asking again: somebody is away, or the connection broke.
fn passes(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::ResourceExhausted
            | Code::Unknown
    )
}
