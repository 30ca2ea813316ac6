//! Passwords that people choose while they are signed in: judging a candidate and changing a known one; and the notices
//! before one expires.

mod change;
mod evaluate;
mod expiry_notices;

use std::sync::Arc;

use rekey_primitives::clock::SharedClock;

pub(crate) use change::{ChangeAnswer, ChangePassword, Changed};
pub(crate) use evaluate::{EvaluatePassword, PasswordRight, RuleVerdict};
pub(crate) use expiry_notices::ExpiryNotices;

use crate::audit::Audit;
use crate::credentials::Credentials;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::notices::Notices;
use crate::operation::idempotency::Idempotency;
use crate::policies::Policies;
use crate::resets::Resets;
use crate::sign_in::SignIns;
use crate::store::Store;
use crate::tokens::Tokens;

/// The use case.
#[derive(Clone)]
pub(crate) struct Passwords {
    pub store: Store,
    pub clock: SharedClock,
    pub keys: Arc<Keys>,
    pub tokens: Tokens,
    pub credentials: Credentials,
    pub policies: Policies,
    pub limits: Limits,
    pub notices: Notices,
    pub audit: Audit,
    pub idempotency: Idempotency,
    /// Whoever has proved a reset or holds a link may have a candidate judged,
    pub resets: Resets,
    /// and whoever is asked for a new password on the way in.
    pub sign_ins: SignIns,
}

#[cfg(test)]
mod tests;
