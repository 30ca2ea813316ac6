//! Where the audit events of a tenant are sent, and how what fails goes on.
//!
//! ```text
//!                  a try fails                      every try of `disable_after` failed, or 410
//!   active  ─────────────────────────►  failing  ──────────────────────────────────────────────►  disabled
//!     ▲       ◄─────────────────────────                                                              │
//!     │            a try succeeds                                                                     │
//!     └───────────────────────────────────────────────────────────────────────────────────────────────┘
//!                                          an administrator enables it
//! ```
//!
//! The position moves forward alone, past what was handed over and what the filter leaves out. URLs, addresses and failures are the
//! words of whoever sends webhooks.

pub(crate) mod retry;

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AuditWebhookId, TenantId};
pub(crate) use rekey_webhooks::failure::{FailedTry, FailureKind};
pub(crate) use rekey_webhooks::{address, url};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use super::audit::{AuditEvent, Outcome};
use url::WebhookUrl;

/// Most webhooks of a tenant: one for each system that looks at logs, and a spare. Each reads the whole log.
pub(crate) const WEBHOOKS_MAX: u32 = 5;

/// Most kinds that a filter names: more than there are.
pub(crate) const KINDS_MAX: usize = 100;

/// How long the secret before a new one signs as well, unless it is said: a day is time for a deployment.
pub(crate) const USUAL_OVERLAP: Duration = Duration::from_secs(86_400);

/// The longest that it does.
pub(crate) const LONGEST_OVERLAP: Duration = Duration::from_secs(7 * 86_400);

/// A webhook as its administrators see it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, derive_more::Debug)]
pub(crate) struct Webhook {
    pub id: AuditWebhookId,
    pub tenant_id: TenantId,
    /// Some receivers' addresses are secrets of theirs.
    #[debug(skip)]
    pub url: WebhookUrl,
    pub filter: WebhookFilter,
    /// Why it gets nothing; `None` for one that does.
    pub disabled: Option<Disabling>,
    /// The last event that was handed over or passed over.
    pub position: i64,
    /// The last one of the tenant's log.
    pub sealed_position: i64,
    pub last_success_at: Option<Timestamp>,
    pub last_failure: Option<LastFailure>,
    /// Since when every try has failed.
    pub failing_since: Option<Timestamp>,
    /// Until when the secret before signs as well.
    pub previous_secret_until: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Raised by every change but those of what was sent; the etag is made of it.
    pub version: i64,
}

/// Which events go out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct WebhookFilter {
    /// The names of their kinds; none for all.
    pub kinds: Vec<String>,
    /// The name of how they ended.
    #[serde(with = "outcome")]
    pub outcome: Option<Outcome>,
}

/// Why a webhook is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum Disabling {
    Administrator,
    /// 410: the receiver wants no more.
    Gone,
    /// Every try of many days failed.
    Failing,
}

/// How the last try that failed did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastFailure {
    pub at: Timestamp,
    pub kind: FailureKind,
    /// Of the answer, if there was one.
    pub status: Option<u16>,
}

/// What an administrator changes of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct WebhookChange {
    pub url: Option<WebhookUrl>,
    pub filter: Option<WebhookFilter>,
    pub enabling: Option<Enabling>,
}

/// Whether a webhook goes on, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enabling {
    Disabled,
    /// Where it stood.
    AtItsPosition,
    /// With the next event.
    FromNow,
}

impl Webhook {
    /// As it is at that moment: a secret whose time is over signs no more.
    #[must_use]
    pub(crate) fn at(self, now: Timestamp) -> Self {
        let previous_secret_until = self.previous_secret_until.filter(|until| !now.has_reached(*until));
        Self { previous_secret_until, ..self }
    }
}

impl WebhookFilter {
    /// Whether this event goes out.
    pub(crate) fn wants(&self, event: &AuditEvent<String>) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && self.outcome.is_none_or(|outcome| event.outcome == outcome)
    }
}

impl Disabling {
    pub(crate) const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

/// How an outcome stands in JSON: by its name.
mod outcome {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::domain::audit::Outcome;

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(outcome: &Option<Outcome>, to: S) -> Result<S::Ok, S::Error> {
        outcome.map(Outcome::as_str).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Outcome>, D::Error> {
        let name = Option::<String>::deserialize(from)?;
        name.map(|name| name.parse().map_err(serde::de::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::id::EventId;
    use uuid::Uuid;

    use super::*;
    use crate::domain::audit::{Actor, Subject};

    fn event(kind: &str, outcome: Outcome) -> AuditEvent<String> {
        AuditEvent {
            id: EventId::from_uuid(Uuid::nil()),
            tenant_id: TenantId::from_uuid(Uuid::nil()),
            at: Timestamp::EPOCH,
            kind: kind.to_owned(),
            outcome,
            reason: None,
            actor: Actor::Rekey,
            caller: None,
            subject: Subject::Tenant,
            accounts: Vec::new(),
            ip_address: None,
            masked_place: None,
            trace_id: None,
            count: 1,
        }
    }

    #[test]
    fn a_filter_wants_any_of_its_kinds_that_ended_so() {
        let kinds = vec!["reset.started".to_owned(), "reset.completed".to_owned()];
        let filter = WebhookFilter { kinds, outcome: Some(Outcome::Failed) };

        let wanted = [
            ("reset.completed", Outcome::Failed),
            ("reset.completed", Outcome::Success),
            ("account.created", Outcome::Failed),
        ]
        .map(|(kind, outcome)| filter.wants(&event(kind, outcome)));

        assert_eq!(wanted, [true, false, false]);
        assert!(WebhookFilter::default().wants(&event("account.created", Outcome::Success)));
    }

    #[test]
    fn a_filter_reads_back_as_it_was_written() {
        let filter = WebhookFilter { kinds: vec!["a.b".to_owned()], outcome: Some(Outcome::Refused) };

        let json = serde_json::to_string(&filter).unwrap();

        assert_eq!(json, r#"{"kinds":["a.b"],"outcome":"refused"}"#);
        assert_eq!(serde_json::from_str::<WebhookFilter>(&json).unwrap(), filter);
    }
}
