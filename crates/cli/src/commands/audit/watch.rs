//! `rekey audit watch`: a stream that is opened again whenever it ends, and says how to go on.

use std::time::Duration;

use rekey_wire::audit_events::fields as shown;
use rekey_wire::identity::v1::{AuditEvent, WatchEventsRequest};
use serde_json::json;
use tonic::{Code, Request, Status, Streaming};

use super::{Client, cells, client};
use crate::arguments::Events;
use crate::commands::resumption::resumed_by;
use crate::output::{Output, Partial, Stopped, print};
use crate::profile::Profile;

/// As long as a stream may last.
const DEADLINE: Duration = Duration::from_secs(60);

/// Waits before opening it again while nobody answers.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

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
    let mut watching = Watching { client: client(profile)?, request, output, wait: FIRST_WAIT };
    let ended = tokio::select! {
        ended = watching.run() => ended,
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(anyhow::Error::from),
    };
    ended.map_err(|error| watching.stopped(error))?;
    watching.say_how_to_go_on()
}

struct Watching {
    client: Client,
    request: WatchEventsRequest,
    output: Output,
    wait: Duration,
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
                    self.wait = FIRST_WAIT;
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

    fn stopped(&self, error: anyhow::Error) -> anyhow::Error {
        let token = &self.request.resume_token;
        if token.is_empty() {
            return error;
        }
        Stopped::at(Partial::resumed_by("events", resumed_by(token)), error).into()
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
