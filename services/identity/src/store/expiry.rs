//! Steps of telling people that their passwords expire soon.

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;

use super::Failure;
use super::outbox::Notice;
use crate::domain::account::{Account, CredentialEpoch};
use crate::domain::password::expiry::NoticeSpan;
use crate::domain::scope::TenantScope;

/// A look at some of a tenant's accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// Those whose person is to be told, each with the days of the notice.
    pub due: Vec<(Account, u32)>,
    /// The last account that was looked at; `None` when there was none left.
    pub last: Option<AccountId>,
}

/// A notice before expiry, with everything that belongs to it.
#[derive(Debug, Clone)]
pub struct TellOfExpiry {
    /// Whose password.
    pub account_id: AccountId,
    /// Which of their passwords.
    pub epoch: CredentialEpoch,
    /// Where its expiry was counted from when the notice was made.
    pub counts_from: Timestamp,
    /// Which notice.
    pub days: u32,
    /// What goes out; never nothing.
    pub notices: Vec<Notice>,
    /// When.
    pub now: Timestamp,
}

/// Steps of expiry notices.
#[async_trait]
pub trait Expiry: Send + Sync {
    /// Looks at no more than `limit` accounts by id, from behind `after`, and finds those whose password falls into
    /// one of the spans and whose person was not told of it: open accounts that are managed here, with a password
    /// that is neither exempt nor to be changed anyway.
    async fn expiring(
        &self,
        scope: &TenantScope,
        spans: &[NoticeSpan],
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Looked, Failure>;

    /// Marks a notice as told and queues it, if the password is still the one it is about, still expires then, and
    /// nobody told of it before; false, with nothing written, otherwise. However many try at once, one tells.
    async fn tell_of_expiry(&self, scope: &TenantScope, tell: &TellOfExpiry) -> Result<bool, Failure>;
}
