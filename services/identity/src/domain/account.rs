//! An account: a person in a tenant, as identity remembers them.
//!
//! Two numbers carry most of the safety. The [`CredentialEpoch`] rises with every password change and kills
//! whatever was issued before; the [`RecoveryVersion`] rises with any change of methods, roles, block or
//! freeze and voids open resets. Neither ever goes down.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};
use rekey_primitives::login::Login;
use serde::{Deserialize, Serialize};

use super::authority::RoleSet;
pub(crate) use super::sealed::Sealed;
use super::security_info::SecurityInfo;

/// Most logins of one account.
pub(crate) const LOGINS_MAX: usize = 20;

/// Longest `external_id`, in bytes: room for a UUID, a distinguished name's key or an employee number.
pub(crate) const EXTERNAL_ID_MAX: usize = 256;

/// A person in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Names it within the tenant.
    pub id: AccountId,
    pub tenant_id: TenantId,
    /// The integrator's own name for it, unique in the tenant.
    pub external_id: Option<String>,
    /// The name people read; part of the person's banned words.
    pub display_name: String,
    /// What the person may type at sign-in, canonical; the first is the one shown.
    pub logins: Vec<Login>,
    /// Absent until one is set, and for accounts whose password lives elsewhere.
    pub password: Option<PasswordRecord>,
    /// Sessions, tokens and resets of an older epoch are dead.
    pub epoch: CredentialEpoch,
    /// Resets started under an older version are void.
    pub recovery_version: RecoveryVersion,
    /// An administrator stopped sign-in and reset.
    pub blocked: bool,
    /// The person said "this was not me"; only an administrator releases it.
    pub frozen: bool,
    /// Another directory owns the password, so it cannot be reset here.
    pub managed_elsewhere: bool,
    /// The administrator roles it holds.
    pub roles: RoleSet,
    /// The registered ways to prove itself.
    pub security_info: Vec<SecurityInfo>,
    /// When the person last said their security info is still right.
    pub reconfirmed_at: Option<Timestamp>,
    /// When a session of it was last opened.
    pub last_sign_in_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When it was deleted, softly; a deleted account exists for nobody but the restore.
    pub deleted_at: Option<Timestamp>,
    /// Raised by every change; the etag shown to callers is made of it.
    pub version: i64,
}

impl Account {
    /// Whether it may sign in or reset at all, whatever it types.
    pub(crate) fn is_open(&self) -> bool {
        !self.blocked && !self.frozen && self.deleted_at.is_none()
    }

    /// Whether it holds any administrator role, which asks for stricter proof.
    pub(crate) fn is_administrator(&self) -> bool {
        !self.roles.is_empty()
    }
}

/// Counts password changes of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct CredentialEpoch(pub i64);

/// Counts changes to what an account may prove itself by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct RecoveryVersion(pub i64);

impl CredentialEpoch {
    /// The epoch of a new account.
    pub(crate) const FIRST: Self = Self(1);

    /// The epoch after one more change of the password.
    #[must_use]
    pub(crate) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl RecoveryVersion {
    /// The version of a new account.
    pub(crate) const FIRST: Self = Self(1);
}

/// What is stored about a password, sealed under the pepper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PasswordRecord {
    /// The sealed PHC string.
    pub hash: Sealed,
    /// When the person or an administrator set it.
    pub set_at: Timestamp,
    /// Whether it serves for one thing only: changing it.
    pub must_change: bool,
    /// When a temporary password stops serving for even that.
    pub temporary_until: Option<Timestamp>,
    /// The account is exempt from the tenant's expiry.
    pub expiry_exempt: bool,
    /// Where expiry counts from: the setting of the password, or the end of an exemption if that is later.
    pub expiry_counts_from: Timestamp,
}

/// Whether a text may serve as an `external_id`: printable ASCII within [`EXTERNAL_ID_MAX`].
pub(crate) fn is_external_id(text: &str) -> bool {
    (1..=EXTERNAL_ID_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
}
