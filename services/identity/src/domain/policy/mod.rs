//! The policy document of a tenant: one document, versioned, with defaults from creation on.
//!
//! Every number is a named field and its doc says why the default is what it is. Sections and fields that a
//! newer release wrote are kept in `later` and written back untouched, so an old replica in a rolling
//! deploy does not erase them. [`Policy::check`] names every field that is out of its bounds at once.

mod bounds;
mod fields;
pub(crate) mod grade;
mod portal;
mod sections;
pub(crate) mod way_in;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};
use serde::{Deserialize, Serialize};

pub(crate) use bounds::{GROUPS_MAX, OutOfBounds};
pub(crate) use fields::{PolicyEdit, PolicyMask, changed_fields};
pub(crate) use portal::PortalRules;
pub(crate) use sections::{
    AuditRules, HelpRules, Later, LockoutRules, MethodHints, NoticeRules, PasswordRules, ResetRules,
    ResetScope, SecurityInfoRules, SessionRules, SignInRules,
};

/// What a tenant decides for its people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Policy {
    /// Self-service reset.
    pub reset: ResetRules,
    /// What a password must be.
    pub password: PasswordRules,
    /// What wrong passwords lead to.
    pub lockout: LockoutRules,
    /// How long a sign-in lasts.
    pub sessions: SessionRules,
    /// Registered ways to prove oneself.
    pub security_info: SecurityInfoRules,
    /// Who else is told.
    pub notices: NoticeRules,
    /// Asking an administrator.
    pub help: HelpRules,
    /// What is kept of what happened.
    pub audit: AuditRules,
    /// What signing in asks for.
    pub sign_in: SignInRules,
    /// How the tenant's pages look.
    pub portal: PortalRules,
    /// Sections of a newer release.
    #[serde(flatten)]
    pub later: Later,
}

/// One revision of a tenant's policy, as `ListPolicyRevisions` shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PolicyRevision {
    pub tenant_id: TenantId,
    /// 1 for the defaults a tenant is created with, then one more each time; the etag is made of it.
    pub version: i64,
    /// The document.
    pub policy: Policy,
    /// Who wrote it; `None` for the defaults.
    pub changed_by: Option<AccountId>,
    pub changed_at: Timestamp,
}

impl Policy {
    /// Every field that is out of its bounds; empty when the document may be stored.
    pub(crate) fn check(&self) -> Vec<OutOfBounds> {
        bounds::check(self)
    }
}

#[cfg(test)]
mod tests;
