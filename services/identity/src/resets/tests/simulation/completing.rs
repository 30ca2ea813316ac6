//! New passwords that are set.

use rekey_primitives::id::RequestId;
use rekey_primitives::secret::SecretString;

use super::site::Site;
use crate::domain::refusal::Refusal;
use crate::resets::CompleteReset;
use crate::resets::complete::Completed;
use crate::testing::context;

/// A call that sets a password, and what it was answered with, if it was.
pub(super) struct Completion {
    pub(super) token: SecretString,
    pub(super) password: String,
    pub(super) request_id: RequestId,
    pub(super) answer: Option<Result<Completed, Refusal>>,
}

impl Site {
    /// Sets passwords by these resets, one or more, some of them at once and some twice.
    pub(super) async fn complete(&mut self, proved: &[SecretString]) -> Vec<Completion> {
        let mut completions = Vec::new();
        if proved.is_empty() {
            return completions;
        }
        if self.chance.one_in(20) {
            // Longer than a reset lives.
            self.world.pass(16 * 60);
        }
        for _ in 0..=self.chance.below(2) {
            for _ in 0..=self.chance.below(2) {
                let token = self.chance.among(proved).clone();
                let (password, request_id) = (self.new_password(), self.request_id());
                completions.push(Completion { token, password, request_id, answer: None });
            }
            self.make(&mut completions).await;
        }
        completions
    }

    /// Makes those calls that have no answer yet; now and then each twice at once, as one call.
    async fn make(&self, completions: &mut [Completion]) {
        let mut open: Vec<usize> =
            (0..completions.len()).filter(|at| completions[*at].answer.is_none()).collect();
        if self.chance.one_in(4) {
            open = open.iter().flat_map(|at| [*at, *at]).collect();
        }
        let made: &[Completion] = completions;
        let answers = self
            .ask(&open, async |resets, at| {
                let Completion { token, password, request_id, .. } = &made[*at];
                let request = CompleteReset {
                    reset_token: token.clone(),
                    new_password: password.as_str().into(),
                    request_id: *request_id,
                    context: context("192.0.2.1"),
                };
                resets.complete(&self.world.caller, &request).await
            })
            .await;
        for (at, answer) in open.into_iter().zip(answers) {
            let known = &mut completions[at].answer;
            // What one of two was told is not taken back because the other one was not told.
            if !matches!(known, Some(Ok(_))) {
                *known = answer.or_else(|| known.take());
            }
        }
    }
}
