//! Audit events: who did what on whom, from where, with what outcome.
//!
//! The names of events are stable and follow the spirit of the OWASP Logging Vocabulary; add, never rename.
//! An event holds no secret and no address, only masks. The hash chain of a tenant is computed over one encoding of it, with
//! commitments in place of what identifies people ([`commitment`]); [`AuditEvent::canonical`] is that of events that earlier
//! releases sealed. The hash itself is `sealing`'s. An event gets its place in the chain after its step, when it is sealed
//! ([`chain`]).

pub(crate) mod chain;
pub(crate) mod commitment;
pub(crate) mod erasure;
pub(crate) mod filter;
pub(crate) mod funnel;

mod kind;

#[cfg(test)]
mod fixtures;

use std::borrow::Cow;
use std::net::IpAddr;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, EventId, TenantId};
use strum::{EnumString, IntoStaticStr};

use commitment::LinkFormat;

pub(crate) use commitment::AccountHash;
pub(crate) use kind::EventKind;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum Outcome {
    /// Done.
    Success,
    /// We said no.
    Refused,
    /// Something broke.
    Failed,
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    /// Somebody who is not signed in.
    Stranger,
    /// The person themselves or an administrator.
    Account(AccountId),
    /// Another backend in its own name.
    Service,
    /// Rekey itself: a job, an expiry, the command line's bootstrap.
    Rekey,
    /// A person whose account is erased.
    Erased(AccountHash),
}

/// On whom it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Nobody in particular.
    Tenant,
    /// An account.
    Account(AccountId),
    /// A login that no account has, by its keyed hash.
    UnknownLogin([u8; 32]),
    /// An account that is erased.
    Erased(AccountHash),
}

/// Most accounts that a folded event names: enough to see whom a burst was about, and a row that stays small.
pub(crate) const FOLDED_ACCOUNTS: usize = 20;

/// One event. Those that are read from a log have the name of their kind, which a newer release may have written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditEvent<Kind = EventKind> {
    /// Names it within the tenant.
    pub id: EventId,
    pub tenant_id: TenantId,
    pub at: Timestamp,
    pub kind: Kind,
    pub outcome: Outcome,
    /// Why, in a stable word; the true reason, also where the caller got another answer.
    pub reason: Option<Cow<'static, str>>,
    pub actor: Actor,
    /// The name of the caller, where a backend stood in between.
    pub caller: Option<String>,
    pub subject: Subject,
    /// The accounts that a folded event is about, the first [`FOLDED_ACCOUNTS`] of them; none where it is about one subject.
    pub accounts: Vec<AccountId>,
    pub ip_address: Option<IpAddr>,
    /// Where a message went, masked.
    pub masked_place: Option<String>,
    /// The trace it belongs to, which is the support code people read out.
    pub trace_id: Option<[u8; 16]>,
    /// How many alike events were folded into it; 1 for one.
    pub count: u32,
}

impl Outcome {
    /// The name in requests and rows.
    pub(crate) const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

impl Actor {
    /// The name in rows.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::Account(_) => "account",
            Self::Service => "service",
            Self::Rekey => "rekey",
            Self::Erased(_) => "erased",
        }
    }
}

impl Subject {
    /// The name in rows.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Account(_) => "account",
            Self::UnknownLogin(_) => "unknown_login",
            Self::Erased(_) => "erased",
        }
    }
}

/// An event as a log has it: with its place in the tenant's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SealedEvent {
    /// 1 for a tenant's first, without gaps.
    pub position: i64,
    /// The hash over the link before it and the event.
    pub link: [u8; 32],
    /// What of the event the link is made over.
    pub format: LinkFormat,
    pub event: AuditEvent<String>,
}

impl<Kind: AsRef<str> + PartialEq> AuditEvent<Kind> {
    /// Counts an alike event in this one. About several subjects it is about nobody in particular, and names the accounts.
    pub(crate) fn fold(&mut self, alike: &Self) {
        self.count = self.count.saturating_add(1);
        if self.subject == alike.subject {
            return;
        }
        let own = std::mem::replace(&mut self.subject, Subject::Tenant);
        for subject in [&own, &alike.subject] {
            if let Subject::Account(id) = subject
                && self.accounts.len() < FOLDED_ACCOUNTS
                && !self.accounts.contains(id)
            {
                self.accounts.push(*id);
            }
        }
    }

    /// The bytes the chain of earlier releases is computed over: every field with its length before it, so that no two
    /// events encode alike, behind the number of the encoding: 2 with accounts at the end, 1 without.
    pub(crate) fn canonical(&self) -> Vec<u8> {
        let mut out = Canonical(vec![if self.accounts.is_empty() { 1 } else { 2 }]);
        out.field(self.id.as_uuid().as_bytes());
        out.field(self.tenant_id.as_uuid().as_bytes());
        out.field(&self.at.unix_micros().to_be_bytes());
        out.field(self.kind.as_ref().as_bytes());
        out.field(self.outcome.as_str().as_bytes());
        out.optional(self.reason.as_deref().map(str::as_bytes));
        match self.actor {
            Actor::Stranger => out.field(b"stranger"),
            Actor::Account(id) => out.field(id.as_uuid().as_bytes()),
            Actor::Service => out.field(b"service"),
            Actor::Rekey => out.field(b"rekey"),
            Actor::Erased(hash) => out.field(&hash.0),
        }
        out.optional(self.caller.as_deref().map(str::as_bytes));
        match &self.subject {
            Subject::Tenant => out.field(b"tenant"),
            Subject::Account(id) => out.field(id.as_uuid().as_bytes()),
            Subject::UnknownLogin(hash) => out.field(hash),
            Subject::Erased(hash) => out.field(&hash.0),
        }
        out.optional(self.ip_address.map(|ip| ip.to_string()).as_deref().map(str::as_bytes));
        out.optional(self.masked_place.as_deref().map(str::as_bytes));
        out.optional(self.trace_id.as_ref().map(<[u8; 16]>::as_slice));
        out.field(&self.count.to_be_bytes());
        self.accounts.iter().for_each(|id| out.field(id.as_uuid().as_bytes()));
        out.0
    }
}

struct Canonical(Vec<u8>);

impl Canonical {
    fn field(&mut self, bytes: &[u8]) {
        self.0.extend((bytes.len() as u64).to_be_bytes());
        self.0.extend(bytes);
    }

    /// Absent differs from empty.
    fn optional(&mut self, bytes: Option<&[u8]>) {
        self.0.push(u8::from(bytes.is_some()));
        self.field(bytes.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::VariantArray as _;
    use uuid::Uuid;

    use super::*;

    fn event() -> AuditEvent {
        AuditEvent {
            id: EventId::from_uuid(Uuid::from_u128(1)),
            tenant_id: TenantId::from_uuid(Uuid::from_u128(2)),
            at: Timestamp::from_unix_micros(3),
            kind: EventKind::ResetStarted,
            outcome: Outcome::Refused,
            reason: Some("account_frozen".into()),
            actor: Actor::Stranger,
            caller: Some("shop".to_owned()),
            subject: Subject::UnknownLogin([7; 32]),
            accounts: Vec::new(),
            ip_address: None,
            masked_place: None,
            trace_id: None,
            count: 1,
        }
    }

    #[test]
    fn names_are_unique_dotted_and_read_back() {
        let names: BTreeSet<_> = EventKind::VARIANTS.iter().map(|kind| kind.as_str()).collect();

        assert_eq!(names.len(), EventKind::VARIANTS.len());
        assert!(names.iter().all(|name| name.split('.').count() == 2));
        assert!(EventKind::VARIANTS.iter().all(|kind| kind.as_str().parse() == Ok(*kind)));
    }

    #[test]
    fn the_documents_list_every_kind_and_no_other() {
        let listed: BTreeSet<&str> = include_str!("../../../../docs/audit.md")
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
            .map(|(name, _)| name)
            .filter(|name| name.contains('.'))
            .collect();

        assert_eq!(listed, EventKind::VARIANTS.iter().map(|kind| kind.as_str()).collect());
    }

    #[test]
    fn every_field_changes_the_encoding() {
        let changes: [fn(&mut AuditEvent); 10] = [
            |e| e.at = Timestamp::from_unix_micros(4),
            |e| e.kind = EventKind::ResetCompleted,
            |e| e.outcome = Outcome::Success,
            |e| e.reason = None,
            |e| e.actor = Actor::Service,
            |e| e.caller = None,
            |e| e.subject = Subject::Tenant,
            |e| e.masked_place = Some(String::new()),
            |e| e.trace_id = Some([0; 16]),
            |e| e.count = 2,
        ];

        let encodings: BTreeSet<_> = changes
            .iter()
            .map(|change| {
                let mut changed = event();
                change(&mut changed);
                changed.canonical()
            })
            .chain([event().canonical()])
            .collect();

        assert_eq!(encodings.len(), changes.len() + 1);
    }

    #[test]
    fn text_cannot_move_between_fields() {
        let (mut left, mut right) = (event(), event());
        left.caller = Some("ab".to_owned());
        left.masked_place = Some("c".to_owned());
        right.caller = Some("a".to_owned());
        right.masked_place = Some("bc".to_owned());

        assert_ne!(left.canonical(), right.canonical());
    }
}
