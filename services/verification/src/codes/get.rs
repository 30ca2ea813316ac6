//! Showing a verification to its caller.

use rekey_primitives::clock::Timestamp;

use super::{Codes, Error};
use crate::domain::refusal::Refusal;
use crate::domain::scope::ScopedId;
use crate::domain::verification::{Verification, VerificationState};

/// A verification as its caller may see it.
#[derive(Debug, Clone)]
pub(crate) struct VerificationView {
    pub(crate) verification: Verification,
    pub(crate) state: VerificationState,
    /// Zero once it is over.
    pub(crate) attempts_left: u32,
    /// Zero once it is over.
    pub(crate) sends_left: u32,
    /// None after the last message and once it is over.
    pub(crate) next_send_at: Option<Timestamp>,
}

impl Codes {
    #[tracing::instrument(skip_all, fields(tenant = %id.scope.tenant, verification = %id.verification))]
    pub(crate) async fn get(&self, id: &ScopedId) -> Result<VerificationView, Error> {
        let now = self.clock.now();
        let snapshot = self.store.snapshot(id).await?;
        let verification = snapshot.verification.ok_or(Refusal::VerificationNotFound)?;
        let state = match verification.state(now) {
            VerificationState::Pending if verification.is_void(&snapshot.run_id) => {
                VerificationState::Expired
            }
            state => state,
        };
        let mut view =
            VerificationView { verification, state, attempts_left: 0, sends_left: 0, next_send_at: None };
        if state == VerificationState::Pending {
            view.attempts_left = view.verification.attempts_left;
            let policy = self.policies.get().of(&self.rules, id.scope.tenant, &view.verification.purpose);
            view.sends_left = policy.rules.ladder.sends().saturating_sub(view.verification.sends);
            view.next_send_at = view.verification.next_send_at;
        }
        Ok(view)
    }
}
