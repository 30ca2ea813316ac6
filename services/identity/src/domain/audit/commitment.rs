//! Commitments: what a link is made over in place of what identifies people, so that it can be erased and the chain still holds.
//!
//! A commitment is a hash over a salt and the identifying fields of one part of an event: of who acted, or of whom it was done
//! to. The salt comes from the operating system and stands in the row. Once salt and fields are dropped, the commitment tells
//! nothing, not even to who guesses the fields. Beside the commitments a link is made over the keyed hash of each account, so that
//! nobody can say afterwards that the erased account was another one.

use std::fmt;
use std::sync::Arc;

use rekey_primitives::entropy::{self, SharedEntropy};
use rekey_primitives::id::{AccountId, TenantId};
use uuid::Uuid;

use super::chain::Digest;
use super::{Actor, AuditEvent, Canonical, Subject};

/// The version of the encoding with commitments, behind the two without.
const VERSION: u8 = 3;

/// Stands for an account, also when it is erased: 128 bits of a keyed hash of its id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AccountHash(pub [u8; 16]);

/// What a link is made over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkFormat {
    /// Every field as it is, of events that earlier releases sealed. Nothing of them can be erased.
    Plain,
    /// Commitments in place of what identifies people.
    Committed(Commitments),
}

/// What stands for the identifying fields of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commitments {
    /// Of who acted and from where.
    pub actor: Part,
    /// Of whom it was done to, and where a message went.
    pub subject: Part,
    /// The account that acted.
    pub actor_hash: Option<AccountHash>,
    /// The accounts it was done to: the subject, then those of a folded event.
    pub account_hashes: Vec<AccountHash>,
}

/// The state of a part.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Its fields are there, and this is the salt of the commitment to them.
    Whole([u8; 16]),
    /// They are erased, and this is the commitment.
    Erased([u8; 32]),
}

/// Makes the keyed hash of an account.
pub(crate) type HashAccount = Arc<dyn Fn(TenantId, AccountId) -> AccountHash + Send + Sync>;

/// What sealing takes from outside: salts, and the hashes of accounts.
#[derive(Clone)]
pub(crate) struct Sealer {
    pub entropy: SharedEntropy,
    pub hash: HashAccount,
}

impl AccountHash {
    /// In the shape of an id, where it stands in the place of one.
    pub(crate) const fn as_uuid(self) -> Uuid {
        Uuid::from_bytes(self.0)
    }

    pub(crate) const fn from_uuid(id: Uuid) -> Self {
        Self(id.into_bytes())
    }
}

impl fmt::Display for AccountHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_uuid().simple(), f)
    }
}

impl fmt::Debug for AccountHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Salts are as good as what they hide.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_erased() { "Erased" } else { "Whole" })
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

impl Part {
    pub(crate) const fn is_erased(self) -> bool {
        matches!(self, Self::Erased(_))
    }

    /// The commitment to these fields, or the one that was left of them.
    fn commitment(self, digest: Digest, part: &str, fields: &[u8]) -> [u8; 32] {
        match self {
            Self::Whole(salt) => digest(&[part.as_bytes(), &salt, fields]),
            Self::Erased(commitment) => commitment,
        }
    }
}

impl Commitments {
    /// Of an event that is to be sealed, with salts of its own.
    pub(crate) fn of<Kind>(event: &AuditEvent<Kind>, sealer: &Sealer) -> Self {
        let hash = |id: AccountId| (sealer.hash)(event.tenant_id, id);
        let subject = match &event.subject {
            Subject::Account(id) => Some(hash(*id)),
            Subject::Erased(erased) => Some(*erased),
            Subject::Tenant | Subject::UnknownLogin(_) => None,
        };
        Self {
            actor: Part::Whole(entropy::array(&*sealer.entropy)),
            subject: Part::Whole(entropy::array(&*sealer.entropy)),
            actor_hash: match event.actor {
                Actor::Account(id) => Some(hash(id)),
                Actor::Erased(erased) => Some(erased),
                Actor::Stranger | Actor::Service | Actor::Rekey => None,
            },
            account_hashes: subject.into_iter().chain(event.accounts.iter().map(|id| hash(*id))).collect(),
        }
    }

    /// Whether anything is erased in the event.
    pub(crate) const fn has_erased(&self) -> bool {
        self.actor.is_erased() || self.subject.is_erased()
    }

    pub(super) fn actor_commitment<Kind>(&self, event: &AuditEvent<Kind>, digest: Digest) -> [u8; 32] {
        let mut fields = Canonical(Vec::new());
        let id = match event.actor {
            Actor::Account(id) => Some(id.as_uuid()),
            Actor::Stranger | Actor::Service | Actor::Rekey | Actor::Erased(_) => None,
        };
        fields.optional(id.as_ref().map(|id| id.as_bytes().as_slice()));
        fields.optional(event.ip_address.map(|ip| ip.to_string()).as_deref().map(str::as_bytes));
        self.actor.commitment(digest, "actor", &fields.0)
    }

    pub(super) fn subject_commitment<Kind>(&self, event: &AuditEvent<Kind>, digest: Digest) -> [u8; 32] {
        let mut fields = Canonical(Vec::new());
        match &event.subject {
            Subject::Account(id) => fields.optional(Some(id.as_uuid().as_bytes())),
            Subject::UnknownLogin(hash) => fields.optional(Some(hash)),
            Subject::Tenant | Subject::Erased(_) => fields.optional(None),
        }
        fields.optional(event.masked_place.as_deref().map(str::as_bytes));
        event.accounts.iter().for_each(|id| fields.field(id.as_uuid().as_bytes()));
        self.subject.commitment(digest, "subject", &fields.0)
    }

    /// The bytes that a link is made over.
    pub(super) fn canonical<Kind: AsRef<str>>(&self, event: &AuditEvent<Kind>, digest: Digest) -> Vec<u8> {
        let mut out = Canonical(vec![VERSION]);
        out.field(event.id.as_uuid().as_bytes());
        out.field(event.tenant_id.as_uuid().as_bytes());
        out.field(&event.at.unix_micros().to_be_bytes());
        out.field(event.kind.as_ref().as_bytes());
        out.field(event.outcome.as_str().as_bytes());
        out.optional(event.reason.as_deref().map(str::as_bytes));
        out.optional(event.caller.as_deref().map(str::as_bytes));
        out.optional(event.trace_id.as_ref().map(<[u8; 16]>::as_slice));
        out.field(&event.count.to_be_bytes());
        out.field(self.actor_kind(event.actor).as_bytes());
        out.optional(self.actor_hash.as_ref().map(|hash| hash.0.as_slice()));
        out.field(&self.actor_commitment(event, digest));
        out.field(self.subject_kind(&event.subject).as_bytes());
        out.field(&self.subject_commitment(event, digest));
        self.account_hashes.iter().for_each(|hash| out.field(&hash.0));
        out.0
    }

    /// As it was sealed: what was erased afterwards was an account then.
    pub(crate) const fn actor_kind(&self, actor: Actor) -> &'static str {
        match actor {
            Actor::Erased(_) if self.actor.is_erased() => "account",
            _ => actor.kind(),
        }
    }

    /// The same of whom it was done to.
    pub(crate) const fn subject_kind(&self, subject: &Subject) -> &'static str {
        match subject {
            Subject::Erased(_) if self.subject.is_erased() => "account",
            _ => subject.kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::IpAddr;

    use super::super::fixtures::{account, commitments, digest, event, hash};
    use super::*;

    fn canonical(change: impl Fn(&mut AuditEvent<String>, &mut Commitments)) -> Vec<u8> {
        let mut event = AuditEvent { accounts: vec![account(5)], ..event(1) };
        let mut commitments = commitments(&event);
        change(&mut event, &mut commitments);
        commitments.canonical(&event, digest)
    }

    #[test]
    fn every_field_and_every_hash_changes_what_a_link_is_made_over() {
        let changes: [fn(&mut AuditEvent<String>, &mut Commitments); 16] = [
            |e, _| e.at = rekey_primitives::clock::Timestamp::from_unix_micros(4),
            |e, _| e.kind = "other".to_owned(),
            |e, _| e.outcome = super::super::Outcome::Failed,
            |e, _| e.reason = Some("other".into()),
            |e, _| e.actor = Actor::Account(account(9)),
            |e, _| e.actor = Actor::Stranger,
            |e, _| e.caller = None,
            |e, _| e.subject = Subject::Account(account(9)),
            |e, _| e.subject = Subject::Tenant,
            |e, _| e.accounts = vec![],
            |e, _| e.ip_address = Some(IpAddr::from([192, 0, 2, 9])),
            |e, _| e.masked_place = Some(String::new()),
            |e, _| e.trace_id = Some([0; 16]),
            |e, _| e.count = 2,
            |_, c| c.actor_hash = Some(hash(9)),
            |_, c| c.account_hashes = vec![hash(9)],
        ];

        let encodings: BTreeSet<_> = changes.iter().map(canonical).chain([canonical(|_, _| {})]).collect();

        assert_eq!(encodings.len(), changes.len() + 1);
    }

    #[test]
    fn equal_events_have_unequal_commitments() {
        let sealer =
            Sealer { entropy: Arc::new(entropy::SeededEntropy::new(1)), hash: Arc::new(|_, _| hash(1)) };

        let both = [(); 2].map(|()| Commitments::of(&event(1), &sealer));

        let [one, other] = both.each_ref().map(|made| made.subject_commitment(&event(1), digest));
        assert_ne!(one, other);
        assert_eq!((both[0].actor_hash, both[0].account_hashes.len()), (Some(hash(1)), 1));
    }
}
