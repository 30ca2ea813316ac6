//! `rekey audit watch`: a stream that is opened again whenever it ends, and says how to go on.

use rekey_wire::audit_events::fields as shown;
use rekey_wire::identity::v1::{AuditEvent, WatchEventsRequest};
use tonic::{Request, Status, Streaming};

use super::{Client, cells, client};
use crate::arguments::Events;
use crate::commands::reopening::{Backoff, DEADLINE};
use crate::commands::resumption::{say_how_to_go_on, stopped_at};
use crate::output::{Output, print};
use crate::profile::Profile;

/// Where to begin.
pub(super) struct From {
    /// Empty without one.
    pub(super) token: String,
    pub(super) from_beginning: bool,
}

pub(super) async fn run(
    profile: &Profile,
    events: &Events,
    from: From,
    output: Output,
) -> anyhow::Result<()> {
    let request = WatchEventsRequest {
        tenant_id: profile.tenant(&events.tenant).await?.tenant_id,
        filter: Some(events.filter()),
        resume_token: from.token,
        from_beginning: from.from_beginning,
        context: None,
    };
    let mut watching = Watching { client: client(profile)?, request, output, backoff: Backoff::new() };
    let ended = tokio::select! {
        ended = watching.run() => ended,
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(anyhow::Error::from),
    };
    let token = &watching.request.resume_token;
    ended.map_err(|error| stopped_at(token, "events", error))?;
    say_how_to_go_on(token, output)
}

struct Watching {
    client: Client,
    request: WatchEventsRequest,
    output: Output,
    backoff: Backoff,
}

impl Watching {
    /// Until it is refused.
    async fn run(&mut self) -> anyhow::Result<()> {
        loop {
            let mut request = Request::new(self.request.clone());
            request.set_timeout(DEADLINE);
            let ended = match self.client.watch_events(request).await {
                Ok(opened) => self.follow(opened.into_inner()).await?,
                Err(status) => Some(status),
            };
            // At the end of its life it is opened again at once.
            if let Some(status) = ended {
                self.backoff.wait_after(status).await?;
            }
        }
    }

    /// Prints what comes; gives what ended it early.
    async fn follow(
        &mut self,
        mut stream: Streaming<rekey_wire::identity::v1::WatchEventsResponse>,
    ) -> anyhow::Result<Option<Status>> {
        loop {
            match stream.message().await {
                Ok(Some(message)) => {
                    for event in &message.events {
                        self.print(event)?;
                    }
                    // Only what was printed is behind us.
                    self.request.resume_token = message.resume_token;
                    self.backoff.reset();
                }
                Ok(None) => return Ok(None),
                Err(status) => return Ok(Some(status)),
            }
        }
    }

    fn print(&self, event: &AuditEvent) -> anyhow::Result<()> {
        let line = if self.output.is_json() { shown(event).to_string() } else { cells(event).join("  ") };
        Ok(print(&line)?)
    }
}
