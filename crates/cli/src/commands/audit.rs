//! `rekey audit`: list, watch, verify and export the log, how resets go, and webhooks.

mod export;
mod funnel;
mod moment;
mod verify;
mod watch;
mod webhook;

use std::path::Path;

use rekey_client::Connection;
use rekey_wire::audit_events::{actor, event_time, fields as shown, outcome};
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::{AuditActorKind, AuditEvent, ListEventsRequest};
use serde_json::Value;

pub(crate) use moment::Moment;

use crate::arguments::{AuditCommand, Events};
use crate::output::{Output, table};
use crate::profile::Profile;

type Client = AuditServiceClient<Connection>;

/// How many events a page has; the most that it may.
const PAGE: i32 = 200;

pub(crate) async fn run(command: AuditCommand, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    match command {
        AuditCommand::List { events, limit } => list(&profile, &events, limit, output).await,
        AuditCommand::Watch { events, resume, from_beginning } => {
            let from = watch::From { token: resume.unwrap_or_default(), from_beginning };
            watch::run(&profile, &events, from, output).await
        }
        AuditCommand::Verify { tenant } => verify::run(&profile, &tenant, output).await,
        AuditCommand::Export { events, format } => export::run(&profile, &events, format).await,
        AuditCommand::Webhook { command } => webhook::run(&profile, command, output).await,
        AuditCommand::Funnel { tenant, since, until, every } => {
            let span = funnel::Span { since, until: until.unwrap_or_else(Moment::now), every };
            funnel::run(&profile, &tenant, &span, output).await
        }
    }
}

fn client(profile: &Profile) -> anyhow::Result<Client> {
    Ok(AuditServiceClient::new(profile.identity()?))
}

async fn list(profile: &Profile, events: &Events, limit: usize, output: Output) -> anyhow::Result<()> {
    let mut pages = Pages::of(profile, events).await?;
    let mut found = Vec::new();
    while found.len() < limit {
        let Some(page) = pages.next().await? else { break };
        found.extend(page);
    }
    found.truncate(limit);
    let data: Vec<Value> = found.iter().map(shown).collect();
    output.data(&data, |_| event_rows(&found))
}

/// The pages of a list of events.
struct Pages {
    client: Client,
    request: ListEventsRequest,
    is_over: bool,
}

impl Pages {
    async fn of(profile: &Profile, events: &Events) -> anyhow::Result<Self> {
        let request = ListEventsRequest {
            tenant_id: profile.tenant(&events.tenant).await?.tenant_id,
            filter: Some(events.filter()),
            page_size: PAGE,
            page_token: String::new(),
            context: None,
        };
        Ok(Self { client: client(profile)?, request, is_over: false })
    }

    /// The next page, which may be empty; `None` behind the last.
    async fn next(&mut self) -> anyhow::Result<Option<Vec<AuditEvent>>> {
        if self.is_over {
            return Ok(None);
        }
        let page = self.client.list_events(self.request.clone()).await?.into_inner();
        self.is_over = page.next_page_token.is_empty();
        self.request.page_token = page.next_page_token;
        Ok(Some(page.events))
    }
}

const HEAD: [&str; 8] = ["POSITION", "TIME", "KIND", "OUTCOME", "ACTOR", "ACCOUNT", "REASON", "SUPPORT CODE"];

/// An account that was erased, so that its events still go together.
fn erased(hash: &str) -> String {
    format!("erased {hash}")
}

fn cells(event: &AuditEvent) -> Vec<String> {
    let account = match (event.account_ids.len(), event.account_hashes.as_slice()) {
        (0, [hash]) if event.account_id.is_empty() => erased(hash),
        (0, [_, _, ..]) => format!("{} accounts", event.account_hashes.len()),
        (0, _) => event.account_id.clone(),
        (accounts, hashes) => format!("{} accounts", accounts.max(hashes.len())),
    };
    let times = if event.count > 1 { format!(" x{}", event.count) } else { String::new() };
    let who = match (event.actor_id.as_str(), event.actor_kind()) {
        ("", AuditActorKind::Erased) => erased(&event.actor_hash),
        ("", _) => actor(event).to_owned(),
        (id, _) => id.to_owned(),
    };
    vec![
        event.position.to_string(),
        event_time(event),
        event.kind.clone(),
        format!("{}{times}", outcome(event)),
        who,
        account,
        event.reason.clone(),
        event.support_code.clone(),
    ]
}

/// Events as a table.
pub(crate) fn event_rows(events: &[AuditEvent]) -> String {
    let head = HEAD.map(str::to_owned).to_vec();
    table(&std::iter::once(head).chain(events.iter().map(cells)).collect::<Vec<_>>())
}
