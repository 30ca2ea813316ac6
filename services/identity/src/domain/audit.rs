//! Audit events: who did what on whom, from where, with what outcome.
//!
//! The names of events are stable and follow the spirit of the OWASP Logging Vocabulary; add, never rename.
//! An event holds no secret and no address, only masks. [`AuditEvent::canonical`] is the one encoding that
//! the hash chain of a tenant is computed over; the hash itself is `sealing`'s.

use std::borrow::Cow;
use std::net::IpAddr;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, EventId, TenantId};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// What happened. Those of acts that are still to come have their names reserved here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, EnumString, VariantArray)]
#[strum(const_into_str)]
pub(crate) enum EventKind {
    /// A reset began.
    #[strum(serialize = "reset.started")]
    ResetStarted,
    /// A code of a reset was asked for.
    #[strum(serialize = "reset.code_sent")]
    ResetCodeSent,
    /// A method of a reset was passed or failed.
    #[strum(serialize = "reset.proof_submitted")]
    ResetProofSubmitted,
    /// A reset set a new password, or did not.
    #[strum(serialize = "reset.completed")]
    ResetCompleted,
    /// The person said "this was not me".
    #[strum(serialize = "reset.repudiated")]
    ResetRepudiated,
    /// A person signed in, or failed to.
    #[strum(serialize = "sign_in.attempted")]
    SignIn,
    /// A challenge of a sign-in was answered.
    #[strum(serialize = "sign_in.challenge_answered")]
    SignInChallenge,
    /// Wrong passwords locked a login.
    #[strum(serialize = "sign_in.locked_out")]
    LockedOut,
    /// An administrator cleared a lockout.
    #[strum(serialize = "sign_in.unlocked")]
    Unlocked,
    /// Many logins were tried from one place.
    #[strum(serialize = "sign_in.stuffing_suspected")]
    StuffingSuspected,
    /// A session ended before its time.
    #[strum(serialize = "session.revoked")]
    SessionRevoked,
    /// A spent refresh token was used again.
    #[strum(serialize = "session.refresh_reused")]
    RefreshReused,
    /// A person moved to a linked account of another tenant.
    #[strum(serialize = "session.tenant_switched")]
    TenantSwitched,
    /// A person changed their password.
    #[strum(serialize = "password.changed")]
    PasswordChanged,
    /// An administrator reset a password.
    #[strum(serialize = "password.reset_by_administrator")]
    PasswordResetByAdministrator,
    /// A hash was renewed at sign-in.
    #[strum(serialize = "password.rehashed")]
    PasswordRehashed,
    /// An access pass was issued.
    #[strum(serialize = "access_pass.issued")]
    AccessPassIssued,
    /// An access pass was used.
    #[strum(serialize = "access_pass.used")]
    AccessPassUsed,
    /// Security info was added.
    #[strum(serialize = "security_info.added")]
    SecurityInfoAdded,
    /// Security info was confirmed with a code.
    #[strum(serialize = "security_info.confirmed")]
    SecurityInfoConfirmed,
    /// Security info was changed.
    #[strum(serialize = "security_info.changed")]
    SecurityInfoChanged,
    /// A person said that their security info is still right.
    #[strum(serialize = "security_info.reconfirmed")]
    SecurityInfoReconfirmed,
    /// Security info was removed.
    #[strum(serialize = "security_info.removed")]
    SecurityInfoRemoved,
    /// An administrator filled an address in.
    #[strum(serialize = "security_info.prefilled")]
    SecurityInfoPrefilled,
    /// Recovery codes were made.
    #[strum(serialize = "security_info.recovery_codes_generated")]
    RecoveryCodesGenerated,
    /// Wrong codes paused or disabled a method.
    #[strum(serialize = "security_info.method_stopped")]
    MethodStopped,
    /// An account was created.
    #[strum(serialize = "account.created")]
    AccountCreated,
    /// An account was changed.
    #[strum(serialize = "account.updated")]
    AccountUpdated,
    /// An account was deleted.
    #[strum(serialize = "account.deleted")]
    AccountDeleted,
    /// Sign-in was blocked.
    #[strum(serialize = "account.blocked")]
    AccountBlocked,
    /// Sign-in was unblocked.
    #[strum(serialize = "account.unblocked")]
    AccountUnblocked,
    /// A repudiated account was released.
    #[strum(serialize = "account.unfrozen")]
    AccountUnfrozen,
    /// Roles were granted.
    #[strum(serialize = "roles.granted")]
    RolesGranted,
    /// Roles were removed.
    #[strum(serialize = "roles.removed")]
    RolesRemoved,
    /// A group or its members changed.
    #[strum(serialize = "group.changed")]
    GroupChanged,
    /// A tenant was created.
    #[strum(serialize = "tenant.created")]
    TenantCreated,
    /// A tenant was changed.
    #[strum(serialize = "tenant.updated")]
    TenantUpdated,
    /// The policy changed.
    #[strum(serialize = "policy.updated")]
    PolicyUpdated,
    /// The policy went back to an older revision.
    #[strum(serialize = "policy.rolled_back")]
    PolicyRolledBack,
    /// A person asked for help.
    #[strum(serialize = "help.requested")]
    HelpRequested,
    /// A help request moved.
    #[strum(serialize = "help.handled")]
    HelpHandled,
    /// A caller was asked to read a code back.
    #[strum(serialize = "help.caller_verified")]
    CallerVerified,
    /// A bulk reset moved.
    #[strum(serialize = "bulk_reset.changed")]
    BulkReset,
    /// An import moved.
    #[strum(serialize = "import.changed")]
    Import,
    /// An actor lacked a permission.
    #[strum(serialize = "authz.denied")]
    PermissionDenied,
    /// A limit was reached.
    #[strum(serialize = "limit.reached")]
    LimitReached,
}

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
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditEvent {
    /// Names it within the tenant.
    pub id: EventId,
    /// Whose log.
    pub tenant_id: TenantId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, in a stable word; the true reason, also where the caller got another answer.
    pub reason: Option<Cow<'static, str>>,
    /// Who.
    pub actor: Actor,
    /// The name of the caller, where a backend stood in between.
    pub caller: Option<String>,
    /// On whom.
    pub subject: Subject,
    /// From where.
    pub ip_address: Option<IpAddr>,
    /// Where a message went, masked.
    pub masked_place: Option<String>,
    /// The trace it belongs to, which is the support code people read out.
    pub trace_id: Option<[u8; 16]>,
    /// How many alike events were folded into it; 1 for one.
    pub count: u32,
}

impl EventKind {
    /// The stable name.
    pub(crate) const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

impl Outcome {
    /// The name in requests and rows.
    pub(crate) const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

impl AuditEvent {
    /// The bytes the chain is computed over: every field with its length before it, so that no two events
    /// encode alike, behind the number of the encoding.
    pub(crate) fn canonical(&self) -> Vec<u8> {
        let mut out = Canonical(vec![1]);
        out.field(self.id.as_uuid().as_bytes());
        out.field(self.tenant_id.as_uuid().as_bytes());
        out.field(&self.at.unix_micros().to_be_bytes());
        out.field(self.kind.as_str().as_bytes());
        out.field(self.outcome.as_str().as_bytes());
        out.optional(self.reason.as_deref().map(str::as_bytes));
        match self.actor {
            Actor::Stranger => out.field(b"stranger"),
            Actor::Account(id) => out.field(id.as_uuid().as_bytes()),
            Actor::Service => out.field(b"service"),
            Actor::Rekey => out.field(b"rekey"),
        }
        out.optional(self.caller.as_deref().map(str::as_bytes));
        match &self.subject {
            Subject::Tenant => out.field(b"tenant"),
            Subject::Account(id) => out.field(id.as_uuid().as_bytes()),
            Subject::UnknownLogin(hash) => out.field(hash),
        }
        out.optional(self.ip_address.map(|ip| ip.to_string()).as_deref().map(str::as_bytes));
        out.optional(self.masked_place.as_deref().map(str::as_bytes));
        out.optional(self.trace_id.as_ref().map(<[u8; 16]>::as_slice));
        out.field(&self.count.to_be_bytes());
        out.0
    }
}

/// What to hash, in parts, for the next link of a tenant's chain: the link before it, then the event.
pub(crate) fn link_parts<'a>(previous: &'a [u8; 32], canonical: &'a [u8]) -> [&'a [u8]; 2] {
    [previous, canonical]
}

/// The link before a tenant's first event.
pub(crate) const CHAIN_START: [u8; 32] = [0; 32];

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
