//! `rekey notification watch`: a stream that is opened again whenever it ends, and says how to go on. Of one message, until it
//! is over.

use rekey_wire::notification::v1::{
    Notification, NotificationState, WatchNotificationsRequest, WatchNotificationsResponse,
};
use tonic::{Request, Status, Streaming};

use super::{Client, cells, shown};
use crate::arguments::WatchedNotifications;
use crate::commands::reopening::{Backoff, DEADLINE};
use crate::commands::resumption::{say_how_to_go_on, stopped_at};
use crate::output::{Output, print};
use crate::profile::Profile;

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
    let mut watching = Watching { client, request, output, backoff: Backoff::new() };
    let ended = tokio::select! {
        ended = watching.run() => ended,
        interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| End::Interrupted).map_err(anyhow::Error::from),
    };
    let token = &watching.request.resume_token;
    match ended.map_err(|error| stopped_at(token, "notifications", error))? {
        End::Over => Ok(()),
        End::Interrupted => say_how_to_go_on(token, output),
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
    backoff: Backoff,
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
            // At the end of its life it is opened again at once.
            if let Some(status) = ended {
                self.backoff.wait_after(status).await?;
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
                    self.backoff.reset();
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
