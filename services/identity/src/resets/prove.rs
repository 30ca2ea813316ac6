//! Judging a code: the attempt is counted here first, then verification is asked, then the evidence is redeemed.
//!
//! Counting first means that two guesses at once cannot share one count, and that the count outlives the code. A
//! method that is paused, disabled or has no live code gets the answer of a wrong code. Codes that nobody sends are judged in
//! `held_code`.

use rekey_primitives::id::{RequestId, VerificationId};
use rekey_primitives::method::{MethodChange, MethodKind};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::send::verification_subject;
use super::{Continued, Resets, binding_of, held_code, still_the_same, unreadable_offer, verification_of};
use crate::domain::account::Account;
use crate::domain::attempts::MethodUnavailable;
use crate::domain::audit::{Actor, EventKind};
use crate::domain::passkey::AuthenticationResponse;
use crate::domain::policy::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::reset::complete::Stopped;
use crate::domain::reset::offer::{Offered, Target};
use crate::domain::reset::proofs::{Proof, remaining_shown};
use crate::domain::reset::{Position, ResetState, attempts_key};
use crate::domain::security_info::SecurityInfo;
use crate::metrics;
use crate::notices::NoticeContent;
use crate::operation::idempotency::{Answer, Request, sealed_secret};
use crate::operation::{Caller, Context, Error, Operation, Origin, Repeatable, Rpc};
use crate::peers::verification::{CheckCode, PASSWORD_RESET};
use crate::store::StepOutcome;
use crate::store::accounts::{AccountChange, AccountKey, ChangeAccount, PassedCode};
use crate::store::resets::{AcceptedProof, AttemptCounted, CodeAttempt, CodeSource, MethodKey};

const RPC: Rpc = Rpc { name: "SubmitResetProof", event: EventKind::ResetProofSubmitted };

/// A code the person typed.
#[derive(Debug)]
pub(crate) struct SubmitProof {
    pub reset_token: SecretString,
    /// The method the code came by.
    pub method_id: String,
    pub shown: ShownProof,
    pub request_id: RequestId,
    pub context: Context,
}

/// What the person shows.
#[derive(Debug)]
pub(crate) enum ShownProof {
    /// A code they typed.
    Code(SecretString),
    /// What a passkey signed.
    Passkey(Box<AuthenticationResponse>),
}

impl ShownProof {
    /// What a repeat has to say again.
    fn content(&self) -> &[u8] {
        match self {
            Self::Code(code) => code.expose_secret().as_bytes(),
            Self::Passkey(response) => response.text(),
        }
    }
}

/// The verdict on a code.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProofSubmitted {
    pub accepted: bool,
    /// The reset from now on, with the proofs so far.
    #[serde(with = "sealed_secret")]
    pub reset_token: SecretString,
    pub proofs_remaining: u8,
}

/// An attempt at a method of a reset.
pub(super) struct Attempt<'a> {
    pub(super) operation: &'a Repeatable<'a>,
    pub(super) state: &'a ResetState,
    pub(super) position: Position,
    pub(super) offered: &'a Offered,
    pub(super) key: MethodKey,
    pub(super) policy: &'a Policy,
}

/// Why nothing was proved; for the log alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(super) enum Unproved {
    NoLiveCode,
    MethodPaused,
    MethodDisabled,
    CodeRejected,
    PasskeyRejected,
    EvidenceRejected,
    /// As many codes as a reset takes of the method were tried.
    CodesExhausted,
}

impl Unproved {
    /// Whether it cost an attempt.
    const fn was_counted(self) -> bool {
        matches!(self, Self::CodeRejected | Self::PasskeyRejected | Self::EvidenceRejected)
    }

    /// What the metrics call it: what the person could tell, too.
    const fn measured(self) -> &'static str {
        match self {
            Self::CodeRejected | Self::PasskeyRejected | Self::EvidenceRejected => "rejected",
            Self::MethodPaused | Self::MethodDisabled => "stopped",
            Self::NoLiveCode | Self::CodesExhausted => "no_code",
        }
    }

    /// What the log calls it: that a method takes no attempt is an event of its own.
    const fn event(self) -> EventKind {
        match self {
            Self::MethodPaused | Self::MethodDisabled => EventKind::MethodStopped,
            Self::NoLiveCode
            | Self::CodeRejected
            | Self::PasskeyRejected
            | Self::EvidenceRejected
            | Self::CodesExhausted => RPC.event,
        }
    }
}

impl Resets {
    /// Judges a code.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn submit_proof(
        &self,
        caller: &Caller,
        request: &SubmitProof,
    ) -> Result<ProofSubmitted, Error> {
        let origin = Origin { caller, context: &request.context };
        let Continued { operation, state } = self.go_on(RPC, origin, &request.reset_token)?;
        let content = [
            request.reset_token.expose_secret().as_bytes(),
            request.method_id.as_bytes(),
            request.shown.content(),
        ];
        let named = Request { who: caller.name(), id: request.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        let proved = self.idempotency.run(&operation, self.prove(&operation, &state, request));
        if held_code::is_awaited(&state, &request.method_id) {
            self.timing.even(proved).await
        } else {
            proved.await
        }
    }

    async fn prove(
        &self,
        operation: &Repeatable<'_>,
        state: &ResetState,
        request: &SubmitProof,
    ) -> Result<Answer<ProofSubmitted>, Error> {
        if operation.now.has_reached(state.expires_at) {
            return Err(self.stopped(operation, Stopped::Expired));
        }
        let position = Position::parse(&request.method_id).ok_or(Refusal::MethodUnknownInReset)?;
        let offered = state.offer.get(position).ok_or(Refusal::MethodUnknownInReset)?;
        if state.proofs.iter().any(|proof| proof.position == position) {
            return Err(Refusal::MethodAlreadyProved.into());
        }
        let key = attempts_key(state, position).ok_or_else(unreadable_offer)?;
        let policy = self.policies.reset_policy(&operation.scope).await?;
        let attempt = Attempt { operation, state, position, offered, key, policy: &policy };
        let code = match (&request.shown, offered.kind) {
            (ShownProof::Passkey(_), MethodKind::Passkey) => {
                return self.prove_by_held_code(&attempt, &request.shown).await;
            }
            (ShownProof::Code(_), MethodKind::Passkey) => {
                return Err(Refusal::field("passkey_credential_json", "what the passkey signed").into());
            }
            (ShownProof::Passkey(_), _) => {
                return Err(Refusal::field("code", "the code of the method").into());
            }
            (ShownProof::Code(_), kind) if kind.channel().is_none() => {
                return self.prove_by_held_code(&attempt, &request.shown).await;
            }
            (ShownProof::Code(code), _) => code,
        };
        match self.judge_code(&attempt, code).await? {
            // The store has no condition on such a proof that it could refuse by.
            Ok(()) => self.accept(&attempt, None).await?.map_or_else(|| Err(unreadable_offer()), Ok),
            Err(reason) => self.reject(&attempt, reason).await,
        }
    }

    /// Whether the code is right.
    async fn judge_code(
        &self,
        attempt: &Attempt<'_>,
        code: &SecretString,
    ) -> Result<Result<(), Unproved>, Error> {
        if let Some(stop) = self.count_attempt(attempt, CodeSource::Sent).await? {
            return Ok(Err(stop));
        }
        let Attempt { operation, state, position, .. } = *attempt;
        let (scope, now) = (&operation.scope, operation.now);
        let first = verification_of(state, position, 0);
        let code_number = self.store.last_reset_code(scope, first, now).await?;
        let verification_id = verification_of(state, position, code_number);
        let check = CheckCode {
            tenant_id: state.tenant_id,
            verification_id,
            request_id: operation.key.request_id("check", &[]),
            purpose: PASSWORD_RESET,
            subject: verification_subject(state),
            code: code.clone(),
            asked_by: operation.origin.asked_by(state.ip_address),
        };
        let checked = self.verification.check(&check).await?;
        let Some(grant) = checked.grant(|stop| self.audit.note_limit(operation, stop.as_str())) else {
            return Ok(Err(Unproved::CodeRejected));
        };
        let is_ours = self.redeems(attempt, verification_id, &grant).await?;
        Ok(if is_ours && !state.is_silent { Ok(()) } else { Err(Unproved::EvidenceRejected) })
    }

    /// Counts an attempt at a method; why none is taken, if none is.
    pub(super) async fn count_attempt(
        &self,
        attempt: &Attempt<'_>,
        codes: CodeSource,
    ) -> Result<Option<Unproved>, Error> {
        let Attempt { operation, state, key, policy, .. } = *attempt;
        let (scope, request, rules) = (&operation.scope, operation.key.fingerprint(), &policy.reset);
        let counted = CodeAttempt { method: key, from: state.from, request: &request, rules, codes };
        Ok(match self.store.count_code_attempt(scope, &counted, operation.now).await? {
            AttemptCounted::Counted | AttemptCounted::CountedBefore => None,
            AttemptCounted::NoLiveCode => Some(Unproved::NoLiveCode),
            AttemptCounted::Stopped(MethodUnavailable::Paused { .. }) => Some(Unproved::MethodPaused),
            AttemptCounted::Stopped(MethodUnavailable::Disabled) => Some(Unproved::MethodDisabled),
        })
    }

    /// Whether the evidence is of this method. Verification says which channel carried the code; a proof by another one is
    /// none.
    async fn redeems(
        &self,
        attempt: &Attempt<'_>,
        verification_id: VerificationId,
        grant: &SecretString,
    ) -> Result<bool, Error> {
        let Attempt { operation, state, position, offered, .. } = *attempt;
        let binding = binding_of(state, position);
        let request_id = operation.key.request_id("redeem", &[]);
        let redeemed = self.verification.redeem(state.tenant_id, grant, &binding, request_id).await?;
        Ok(redeemed.is_some_and(|redeemed| {
            redeemed.verification_id == verification_id
                && Some(redeemed.channel) == offered.kind.channel()
                && redeemed.class == offered.kind.class()
        }))
    }

    /// Takes a proof, and spends the code that it is by; `None` if that was spent before.
    pub(super) async fn accept(
        &self,
        attempt: &Attempt<'_>,
        spent: Option<PassedCode>,
    ) -> Result<Option<Answer<ProofSubmitted>>, Error> {
        let Attempt { operation, state, policy, .. } = *attempt;
        let judged = self.judged_today(&operation.scope, state, policy, operation.now).await?;
        let judged =
            still_the_same(state, judged.as_ref()).map_err(|stopped| self.stopped(operation, stopped))?;
        let proof = Proof { position: attempt.position, kind: attempt.offered.kind };
        let proved = ResetState { proofs: state.proofs.with(proof), ..state.clone() };
        let reset_token = self.tokens.seal_reset(&proved);
        let proofs_remaining = remaining_shown(&proved.proofs, judged.judgement.requirement, policy);
        let event = self.audit.event(operation).because(proof.kind.as_str()).done();
        let answering = self.idempotency.answering(operation.key, |(): &()| ProofSubmitted {
            accepted: true,
            reset_token: reset_token.clone(),
            proofs_remaining,
        });
        let accepted = AcceptedProof { method: attempt.key, spent, event };
        let step = self.store.proof_accepted(&operation.scope, &accepted, answering.once(), operation.now);
        let accepted = answering.settle(step.await?)?.ok();
        if accepted.is_some() {
            metrics::PROOFS.add(1, [proof.kind.as_str(), "accepted"]);
        }
        Ok(accepted)
    }

    pub(super) async fn reject(
        &self,
        attempt: &Attempt<'_>,
        reason: Unproved,
    ) -> Result<Answer<ProofSubmitted>, Error> {
        let Attempt { operation, state, policy, .. } = *attempt;
        metrics::PROOFS.add(1, [attempt.offered.kind.as_str(), reason.measured()]);
        self.audit.note(self.audit.event_of(operation, reason.event()).refused(reason.into_str()));
        if reason == Unproved::MethodDisabled {
            self.disable(attempt).await?;
        }
        // Only what was proved before may show the account's own requirement.
        let proofs_remaining = if state.proofs.is_empty() {
            policy.reset.proofs_required
        } else {
            let judged = self.judged_today(&operation.scope, state, policy, operation.now).await?;
            let judged = still_the_same(state, judged.as_ref())
                .map_err(|stopped| self.stopped_as(operation, reason.event(), stopped))?;
            remaining_shown(&state.proofs, judged.judgement.requirement, policy)
        };
        let reset_token = self.tokens.seal_reset(state);
        let rejected = ProofSubmitted { accepted: false, reset_token, proofs_remaining };
        // What counted nothing is answered alike every time, so a stranger's guesses write nothing.
        Ok(if reason.was_counted() { Answer::to_store(rejected) } else { Answer::unstored(rejected) })
    }

    /// Writes down that wrong codes in a row disabled a method, so that it counts for nothing until it is confirmed
    /// anew, and notifies its owner: of a kind, every entry that got the codes. A change meanwhile leaves it to the next
    /// attempt.
    async fn disable(&self, attempt: &Attempt<'_>) -> Result<(), Error> {
        let Attempt { operation, state, offered, .. } = *attempt;
        let (scope, Some(account_id)) = (&operation.scope, state.account_id) else { return Ok(()) };
        // Each change makes another account of it, so one after the other.
        while let Some(account) = self.store.find_account(scope, &AccountKey::Id(account_id)).await?
            && let Some(entry) = still_enabled(offered, &account)
        {
            if !self.disable_entry(operation, &account, entry).await? {
                break;
            }
        }
        Ok(())
    }

    /// Disables one entry; false where the account changed meanwhile.
    async fn disable_entry(
        &self,
        operation: &Operation<'_>,
        account: &Account,
        entry: &SecurityInfo,
    ) -> Result<bool, Error> {
        let (scope, now) = (&operation.scope, operation.now);
        let tenant = self.policies.tenant(scope).await?;
        let content = NoticeContent::of_entry(&tenant, account, entry, MethodChange::Disabled, now);
        let notified = self.notices.notified(scope, account, now).await?;
        let event = self.audit.event_of(operation, EventKind::MethodStopped).by(Actor::Rekey);
        let change = ChangeAccount {
            account_id: account.id,
            version: account.version,
            change: AccountChange::DisableSecurityInfo(entry.id),
            event: event.because("method_disabled").done(),
            notices: self.notices.to(&notified, &content),
            now,
        };
        Ok(matches!(self.store.change_account(scope, &change, None).await?, StepOutcome::Done(_)))
    }
}

/// One of the entries that got the codes and is not disabled yet.
fn still_enabled<'a>(offered: &Offered, account: &'a Account) -> Option<&'a SecurityInfo> {
    let got_it = |entry: &SecurityInfo| match &offered.target {
        Target::Entry(id) => entry.id == *id,
        Target::Kind(recipients) => {
            recipients.among(offered.kind, std::slice::from_ref(entry)).next().is_some()
        }
        Target::Decoy(_) => false,
    };
    account.security_info.iter().find(|entry| !entry.disabled && got_it(entry))
}
