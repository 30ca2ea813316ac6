//! The sections of a policy document and their defaults.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rekey_primitives::method::MethodKind;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::group::GroupId;

/// Fields that this release does not know, kept as they came.
pub(crate) type Later = BTreeMap<String, serde_json::Value>;

/// Who may reset a password without an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "who")]
pub(crate) enum ResetScope {
    /// Nobody: every reset goes through an administrator.
    Nobody,
    /// Members of these groups, however nested, who are in none of the excluded ones.
    Groups {
        /// Membership in any of these lets a person in.
        included: BTreeSet<GroupId>,
        /// Membership in any of these keeps a person out, whatever else they are in.
        #[serde(default)]
        excluded: BTreeSet<GroupId>,
    },
    /// Everybody with an account. The default: a suite that resets passwords should do so.
    #[default]
    Everybody,
}

impl ResetScope {
    /// The groups it names, on either side.
    pub(crate) fn groups(&self) -> impl Iterator<Item = GroupId> + '_ {
        let sides = match self {
            Self::Groups { included, excluded } => Some([included, excluded]),
            Self::Nobody | Self::Everybody => None,
        };
        sides.into_iter().flatten().flatten().copied()
    }
}

/// What a reset shows of the ways to prove oneself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MethodHints {
    /// The same kinds for everybody, whoever has them. The default: an offer that is the same for everybody tells nothing
    /// of anybody, whatever a tenant's accounts look like.
    #[default]
    Kinds,
    /// The account's own methods, masked, with decoys for everybody else. It reminds people of the address they gave, and
    /// a stranger who asks for months learns something.
    Masked,
}

/// Self-service reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ResetRules {
    /// Who may.
    pub enabled_scope: ResetScope,
    /// Proofs shown as required for everybody, 1 or 2. One by default: NIST SP 800-63B-4 section 4.2.2.1
    /// lets one code recover an account that had one factor. Stricter rules for some add to it.
    pub proofs_required: u8,
    /// Two proofs must be of two classes, for everybody. Off: most people can prove only an address and a phone number, which
    /// are one class; administrators and accounts with an authenticator are held to it anyway.
    pub two_classes: bool,
    /// Kinds of methods that count.
    #[serde(with = "method_kinds")]
    pub allowed_methods: BTreeSet<MethodKind>,
    /// What Start shows. Absent in documents of earlier releases, which then mean the default.
    pub method_hints: MethodHints,
    /// Tell a caller plainly why an account may not reset. Off: it tells strangers who has an account.
    pub reveal_eligibility: bool,
    /// Let an address that an administrator filled in prove something before it was confirmed. Off: nobody
    /// has shown that the address is the person's.
    pub accept_prefilled: bool,
    /// Hours for which a changed method proves nothing, so that a thief of a session cannot at once turn
    /// it into the password. 72: longer than a weekend, in which nobody reads the notice.
    pub change_quarantine_hours: u32,
    /// Life of a reset. 15 minutes: a code lives 10 and people need to find their phone.
    pub reset_life_minutes: u32,
    /// Tries to set a password in one reset. 10: rules are discovered one at a time by some people.
    pub attempts_per_reset: u32,
    /// Wrong codes from an authenticator or a list, per reset or challenge. 5, as for issued codes.
    pub codes_per_reset: u32,
    /// Wrong codes within 24 hours that pause a method until the oldest is 24 hours old. 10 leave a
    /// guesser of 6 digits one chance in 100,000 a day.
    pub tries_per_day: u32,
    /// Wrong codes in a row that disable a method until it is confirmed anew. 100 is the most that NIST SP
    /// 800-63B-4 section 3.2.2 allows.
    pub tries_in_a_row: u32,
    /// Fields of a newer release.
    #[serde(flatten)]
    pub later: Later,
}

/// What a password must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PasswordRules {
    /// Fewest code points. 8 is the floor of NIST SP 800-63B-4 section 3.1.1.2 next to a second factor; a
    /// tenant whose people have only a password should say 15.
    pub minimum_length: u32,
    /// Most code points. 256: far above the 64 that must be allowed, and still cheap to judge.
    pub maximum_length: u32,
    /// Demand 3 of upper case, lower case, digits and others. Off: it makes passwords worse (section
    /// 3.1.1.2(5)), but some contracts still ask for it.
    pub require_three_classes: bool,
    /// How many past passwords are refused. 1: only the one being replaced.
    pub history: u32,
    /// The tenant's own banned terms, 4 to 16 code points each, at most 1,000.
    pub banned_terms: BTreeSet<String>,
    /// Fewest points, where each banned word is one point and each other character is one. 5: a known
    /// word with a year behind it has exactly five and is the weakest that passes.
    pub minimum_points: u32,
    /// Days until a password expires. `None`: section 3.1.1.2(6) asks for no periodic change.
    pub expiry_days: Option<u32>,
    /// Hours a temporary password serves. 24: it is read out or mailed, and used the same day.
    pub temporary_life_hours: u32,
    /// Fields of a newer release.
    #[serde(flatten)]
    pub later: Later,
}

/// What wrong passwords lead to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LockoutRules {
    /// Wrong passwords in a row before the first lock. 10: people rarely need more than 5.
    pub threshold: u32,
    /// Length of the first lock; each further wrong password doubles it. 60 s: barely hurts a person.
    pub base_seconds: u32,
    /// Longest lock. 5 h: four attempts a day are no attack, and a person is not locked out overnight.
    pub ceiling_seconds: u32,
    /// Fields of a newer release.
    #[serde(flatten)]
    pub later: Later,
}

/// How long a sign-in lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SessionRules {
    /// Life of a session by password alone. 30 days, NIST SP 800-63B-4 section 2.1.3.
    pub life_hours: u32,
    /// Life of a session with a second factor. 24 h, section 2.2.3.
    pub strong_life_hours: u32,
    /// Idle time that ends a session with a second factor. 60 minutes, section 2.2.3.
    pub strong_idle_minutes: u32,
    /// Fields of a newer release.
    #[serde(flatten)]
    pub later: Later,
}

/// Registered ways to prove oneself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SecurityInfoRules {
    /// Days after which a sign-in asks "is this still right?"; 0 never asks. 180: twice a year.
    pub reconfirm_days: u32,
    /// Fields of a newer release.
    #[serde(flatten)]
    pub later: Later,
}

/// Who else is told. Notices to the person themselves cannot be switched off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct NoticeRules {
    /// Tell every global administrator when an administrator resets their own password. On: such an
    /// account is the one worth stealing.
    pub tell_global_administrators: bool,
    /// Fields of a newer release.
    #[serde(flatten)]
    pub later: Later,
}

/// Asking an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct HelpRules {
    /// Take help requests at all.
    pub enabled: bool,
    /// Days after which an open request expires. 14: who still cannot get in has asked elsewhere.
    pub expiry_days: u32,
    /// Minutes between digests of requests without a proof. 60: a stranger can file them, so they must
    /// not fill a mailbox.
    pub digest_minutes: u32,
    /// Fields of a newer release.
    #[serde(flatten)]
    pub later: Later,
}

/// What is kept of what happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AuditRules {
    /// Days an event is kept. 400: a year and the time to notice.
    pub retention_days: u32,
    /// Fields of a newer release.
    #[serde(flatten)]
    pub later: Later,
}

/// What signing in asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SignInRules {
    /// Let people sign in with a passkey and no password. On: a passkey with user verification is two factors, and phishing
    /// gets nothing from it.
    pub passkey_alone: bool,
    /// Fields of a newer release.
    #[serde(flatten)]
    pub later: Later,
}

impl Default for ResetRules {
    fn default() -> Self {
        Self {
            enabled_scope: ResetScope::default(),
            proofs_required: 1,
            two_classes: false,
            allowed_methods: MethodKind::ALL.iter().copied().collect(),
            method_hints: MethodHints::default(),
            reveal_eligibility: false,
            accept_prefilled: false,
            change_quarantine_hours: 72,
            reset_life_minutes: 15,
            attempts_per_reset: 10,
            codes_per_reset: 5,
            tries_per_day: 10,
            tries_in_a_row: 100,
            later: Later::new(),
        }
    }
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self {
            minimum_length: 8,
            maximum_length: 256,
            require_three_classes: false,
            history: 1,
            banned_terms: BTreeSet::new(),
            minimum_points: 5,
            expiry_days: None,
            temporary_life_hours: 24,
            later: Later::new(),
        }
    }
}

impl Default for LockoutRules {
    fn default() -> Self {
        Self { threshold: 10, base_seconds: 60, ceiling_seconds: 18_000, later: Later::new() }
    }
}

impl Default for SessionRules {
    fn default() -> Self {
        Self { life_hours: 720, strong_life_hours: 24, strong_idle_minutes: 60, later: Later::new() }
    }
}

impl Default for SecurityInfoRules {
    fn default() -> Self {
        Self { reconfirm_days: 180, later: Later::new() }
    }
}

impl Default for NoticeRules {
    fn default() -> Self {
        Self { tell_global_administrators: true, later: Later::new() }
    }
}

impl Default for HelpRules {
    fn default() -> Self {
        Self { enabled: true, expiry_days: 14, digest_minutes: 60, later: Later::new() }
    }
}

impl Default for AuditRules {
    fn default() -> Self {
        Self { retention_days: 400, later: Later::new() }
    }
}

impl Default for SignInRules {
    fn default() -> Self {
        Self { passkey_alone: true, later: Later::new() }
    }
}

impl ResetRules {
    /// Life of a reset.
    pub(crate) fn life(&self) -> Duration {
        Duration::from_secs(60 * u64::from(self.reset_life_minutes))
    }

    /// How long a changed method proves nothing.
    pub(crate) fn change_quarantine(&self) -> Duration {
        Duration::from_secs(3600 * u64::from(self.change_quarantine_hours))
    }
}

/// Kinds of methods by the names the API uses. A kind of a newer release is left out on reading: fewer ways
/// to prove oneself is the safe misunderstanding.
mod method_kinds {
    use super::{BTreeSet, Deserialize, Deserializer, MethodKind, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(kinds: &BTreeSet<MethodKind>, to: S) -> Result<S::Ok, S::Error> {
        kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<MethodKind>, D::Error> {
        let names = Vec::<String>::deserialize(from)?;
        Ok(names.iter().filter_map(|name| MethodKind::parse(name)).collect())
    }
}
