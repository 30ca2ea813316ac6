//! Proofs by a code that nobody sends: of an authenticator, or of a saved list; and by what a passkey signs.
//!
//! They walk one path for every account and for none: attempts are counted first, of this reset and, for codes, of the method;
//! then the same reads are made, and the answer leaves in even time. The step that takes a proof spends its code.

use rekey_primitives::id::{ResetId, from_digest};
use rekey_primitives::method::MethodKind;
use rekey_sealing::digest;

use super::prove::{Attempt, ProofSubmitted, ShownProof, Unproved};
use super::{Resets, binding_of, still_the_same};
use crate::credentials::{SignedByPasskey, TypedCode};
use crate::domain::eligibility::JudgedAccount;
use crate::domain::reset::offer::{Offered, Target};
use crate::domain::reset::{Position, ResetState};
use crate::domain::security_info::SecurityInfo;
use crate::operation::Error;
use crate::operation::idempotency::Answer;
use crate::store::accounts::PassedCode;
use crate::store::resets::CodeSource;

impl Resets {
    /// Judges a code that the person has.
    pub(super) async fn prove_by_held_code(
        &self,
        attempt: &Attempt<'_>,
        shown: &ShownProof,
    ) -> Result<Answer<ProofSubmitted>, Error> {
        match self.judge_held_code(attempt, shown).await? {
            Ok(passed) => match self.accept(attempt, Some(passed)).await? {
                Some(accepted) => Ok(accepted),
                // Another call was faster with the same code.
                None => self.reject(attempt, Unproved::CodeRejected).await,
            },
            Err(reason) => self.reject(attempt, reason).await,
        }
    }

    async fn judge_held_code(
        &self,
        attempt: &Attempt<'_>,
        shown: &ShownProof,
    ) -> Result<Result<PassedCode, Unproved>, Error> {
        let Attempt { operation, state, offered, policy, .. } = *attempt;
        let (scope, now) = (&operation.scope, operation.now);
        if !self.has_a_code_left(attempt).await? {
            return Ok(Err(Unproved::CodesExhausted));
        }
        // What a passkey signs is not guessed at: were it counted, whoever knows a login could stop its passkeys.
        if let ShownProof::Code(_) = shown
            && let Some(stop) = self.count_attempt(attempt, CodeSource::Held).await?
        {
            return Ok(Err(stop));
        }
        let judged = self.judged_today(scope, state, policy, now).await?;
        let same = still_the_same(state, judged.as_ref()).ok();
        let entries = same.map(|judged| of_method(offered, judged)).unwrap_or_default();
        let code = match shown {
            ShownProof::Code(code) => {
                let typed = TypedCode { account_id: state.account_id, entries, code };
                self.credentials.held_code(scope, &typed, now).await?.ok_or(Unproved::CodeRejected)
            }
            ShownProof::Passkey(response) => {
                let challenge = self.keys.reset_challenge(state.reset_id, attempt.position);
                let (account_id, challenge_expires_at) = (state.account_id, state.expires_at);
                let signed =
                    SignedByPasskey { account_id, entries, response, challenge, challenge_expires_at };
                let used = self.credentials.passkey_use(operation, &signed).await?;
                used.map_err(|_| Unproved::PasskeyRejected)
            }
        };
        let code = match code {
            Ok(code) => code,
            Err(why) => return Ok(Err(why)),
        };
        // Right, and yet nothing may come of it: then nothing is spent either.
        let account_id = state.account_id.filter(|_| !state.is_silent);
        Ok(account_id
            .map(|account_id| PassedCode { account_id, code, counter: attempt.key })
            .ok_or(Unproved::EvidenceRejected))
    }

    /// Whether this reset takes one more code of the method. Counted by request, decoys alike.
    async fn has_a_code_left(&self, attempt: &Attempt<'_>) -> Result<bool, Error> {
        let Attempt { operation, state, position, policy, .. } = *attempt;
        let number = ResetId::from_uuid(from_digest(&digest(&[b"codes", &binding_of(state, position)])));
        let (request, expires_at) = (operation.key.fingerprint(), state.expires_at);
        let counted = self.store.count_completion_attempt(
            &operation.scope,
            number,
            &request,
            expires_at,
            operation.now,
        );
        Ok(counted.await? < policy.reset.codes_per_reset)
    }
}

/// Whether the method takes codes that nobody sends.
pub(super) fn is_awaited(state: &ResetState, method_id: &str) -> bool {
    let offered = Position::parse(method_id).and_then(|position| state.offer.get(position));
    offered.is_some_and(|offered| offered.kind.channel().is_none())
}

/// The entries that a code of the method may be of, as far as they count today.
fn of_method<'a>(offered: &Offered, judged: &'a JudgedAccount) -> Vec<&'a SecurityInfo> {
    let held = &judged.account.security_info;
    let entries: Vec<&SecurityInfo> = match &offered.target {
        // Neither the person nor the browser knows which of several passkeys a position stands for.
        Target::Entry(_) if offered.kind == MethodKind::Passkey => {
            held.iter().filter(|entry| entry.kind() == MethodKind::Passkey).collect()
        }
        Target::Entry(id) => held.iter().filter(|entry| entry.id == *id).collect(),
        Target::Kind(recipients) => recipients.among(offered.kind, held).collect(),
        Target::Decoy(_) => Vec::new(),
    };
    entries.into_iter().filter(|entry| judged.judgement.counting.contains(&entry.id)).collect()
}
