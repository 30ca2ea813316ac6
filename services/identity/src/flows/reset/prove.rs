//! Judging a code: the try is counted here first, then verification is asked, then the evidence is redeemed.
//!
//! Counting first means that two guesses at once cannot share one count, and that the count outlives the code. A
//! method that is paused, disabled or has no live code gets the answer of a wrong code.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;
use rekey_primitives::method::MethodChange;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::send::subject_of;
use super::{binding_of, still_the_same, unreadable_offer, verification_of};
use crate::domain::audit::{Actor, EventKind, Outcome};
use crate::domain::policy::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::reset::complete::Stopped;
use crate::domain::reset::offer::{Offered, Target};
use crate::domain::reset::proofs::{Proof, remaining_shown};
use crate::domain::reset::{Position, ResetState, tries_key};
use crate::domain::scope::TenantScope;
use crate::domain::tries::TakesNoTry;
use crate::flows::once::{Call, Repeatable, Settled};
use crate::flows::security_info::of_entry;
use crate::flows::{Caller, Context, Error, Identity};
use crate::peers::verification::{CheckCode, Checked, PASSWORD_RESET};
use crate::store::accounts::{AccountKey, Change, ChangeAccount};
use crate::store::resets::{MethodKey, TryCounted};

/// A code the person typed.
#[derive(Debug)]
pub(crate) struct SubmitProof {
    /// The reset.
    pub reset_token: SecretString,
    /// The method the code came by.
    pub method_id: String,
    /// What was typed.
    pub code: SecretString,
    /// Names the call.
    pub request_id: RequestId,
    /// Where the person is.
    pub context: Context,
}

/// Whether it was accepted.
#[derive(Debug)]
pub(crate) struct ProofSubmitted {
    /// The verdict.
    pub accepted: bool,
    /// The reset from now on, with the proofs so far.
    pub reset_token: SecretString,
    /// How many more proofs it needs.
    pub proofs_remaining: u8,
}

/// [`ProofSubmitted`] as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    accepted: bool,
    reset_token: String,
    proofs_remaining: u8,
}

/// What a try is about.
struct Try<'a> {
    who: (&'a Caller, &'a Context),
    state: &'a ResetState,
    position: Position,
    offered: &'a Offered,
    key: MethodKey,
    policy: &'a Policy,
    call: Repeatable,
    now: Timestamp,
}

/// Why nothing was proved; for the log alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unproved {
    NoLiveCode,
    MethodPaused,
    MethodDisabled,
    CodeRejected,
    EvidenceRejected,
}

impl Unproved {
    /// The name in audit events.
    const fn as_str(self) -> &'static str {
        match self {
            Self::NoLiveCode => "no_live_code",
            Self::MethodPaused => "method_paused",
            Self::MethodDisabled => "method_disabled",
            Self::CodeRejected => "code_rejected",
            Self::EvidenceRejected => "evidence_rejected",
        }
    }

    /// Whether it cost a try.
    const fn was_counted(self) -> bool {
        matches!(self, Self::CodeRejected | Self::EvidenceRejected)
    }
}

impl Identity {
    /// Judges a code.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn submit_proof(
        &self,
        caller: &Caller,
        request: &SubmitProof,
    ) -> Result<ProofSubmitted, Error> {
        let now = self.now();
        let (scope, state) = self.open_reset(caller, &request.reset_token)?;
        let call = self.repeatable(
            Call {
                rpc: "SubmitResetProof",
                who: caller.name(),
                tenant_id: state.tenant_id,
                request_id: request.request_id,
            },
            &[
                request.reset_token.expose_secret().as_bytes(),
                request.method_id.as_bytes(),
                request.code.expose_secret().as_bytes(),
            ],
            now,
        );
        if let Some(kept) = self.recall::<Kept>(&scope, &call, now).await? {
            return Ok(kept.into());
        }
        let who = (caller, &request.context);
        if now.has_reached(state.expires_at) {
            return Err(self.stopped(EventKind::ResetProofSubmitted, Stopped::Expired, &state, who, now));
        }
        let position = Position::parse(&request.method_id).ok_or(Refusal::MethodUnknownInReset)?;
        let offered = state.offer.get(position).ok_or(Refusal::MethodUnknownInReset)?;
        if state.proofs.iter().any(|proof| proof.position == position) {
            return Err(Refusal::MethodAlreadyProved.into());
        }
        let key = tries_key(&state, position).ok_or_else(unreadable_offer)?;
        let policy = self.reset_policy(&scope).await?;
        let attempt = Try { who, state: &state, position, offered, key, policy: &policy, call, now };
        match self.judge_code(&scope, &attempt, request).await? {
            Ok(()) => self.accept(&scope, &attempt).await,
            Err(reason) => self.reject(&scope, &attempt, reason).await,
        }
    }

    /// Whether the code is right.
    async fn judge_code(
        &self,
        scope: &TenantScope,
        attempt: &Try<'_>,
        request: &SubmitProof,
    ) -> Result<Result<(), Unproved>, Error> {
        let Try { state, position, call, now, .. } = *attempt;
        let fingerprint = call.fingerprint();
        let rules = &attempt.policy.reset;
        match self.store.count_try(scope, attempt.key, state.from, &fingerprint, rules, now).await? {
            TryCounted::Counted | TryCounted::CountedBefore => {}
            TryCounted::NothingLive => return Ok(Err(Unproved::NoLiveCode)),
            TryCounted::Stopped(TakesNoTry::Paused { .. }) => return Ok(Err(Unproved::MethodPaused)),
            TryCounted::Stopped(TakesNoTry::Disabled) => return Ok(Err(Unproved::MethodDisabled)),
        }
        let ip = request.context.ip.or(state.ip_address);
        let check = CheckCode {
            tenant_id: state.tenant_id,
            verification_id: verification_of(state, position),
            request_id: call.request_id("check", &[]),
            purpose: PASSWORD_RESET,
            subject: subject_of(state),
            code: request.code.clone(),
            ip_address: ip,
            user_agent: request.context.user_agent.clone(),
        };
        let Checked::Passed { grant } = self.verification.check(&check).await? else {
            return Ok(Err(Unproved::CodeRejected));
        };
        let binding = binding_of(state, position);
        let redeem = call.request_id("redeem", &[]);
        let redeemed = self.verification.redeem(state.tenant_id, &grant, &binding, redeem).await?;
        // Verification says which channel carried the code; a proof by another one is none.
        let is_ours = redeemed.is_some_and(|redeemed| {
            redeemed.verification_id == check.verification_id
                && Some(redeemed.channel) == attempt.offered.kind.channel()
                && redeemed.class == attempt.offered.kind.class()
        });
        Ok(if is_ours && !state.is_silent { Ok(()) } else { Err(Unproved::EvidenceRejected) })
    }

    async fn accept(&self, scope: &TenantScope, attempt: &Try<'_>) -> Result<ProofSubmitted, Error> {
        let Try { who, state, call, now, .. } = *attempt;
        let kind = EventKind::ResetProofSubmitted;
        let judged = self.judged_today(scope, state, attempt.policy, now).await?;
        let judged = match still_the_same(state, judged.as_ref()) {
            Ok(judged) => judged,
            Err(stopped) => return Err(self.stopped(kind, stopped, state, who, now)),
        };
        let proof = Proof { position: attempt.position, kind: attempt.offered.kind };
        let proved = ResetState { proofs: state.proofs.with(proof), ..state.clone() };
        let answer = ProofSubmitted {
            accepted: true,
            reset_token: self.keys.seal_reset(&*self.entropy, &proved),
            proofs_remaining: remaining_shown(&proved.proofs, judged.judgement.requirement, attempt.policy),
        };
        let event = self.reset_event(kind, Outcome::Success, state, who, now).because(proof.kind.as_str());
        let sealed = self.seal_answer(&call, &Kept::from(&answer));
        let keep = |(): &()| sealed.clone();
        let step =
            self.store.proof_accepted(scope, attempt.key, &event.done(), call.once(&keep), now).await?;
        match self.settle::<(), (), Kept>(&call, step)? {
            Settled::Repeated(kept) => Ok(kept.into()),
            Settled::Done(()) | Settled::Refused(()) => Ok(answer),
        }
    }

    async fn reject(
        &self,
        scope: &TenantScope,
        attempt: &Try<'_>,
        reason: Unproved,
    ) -> Result<ProofSubmitted, Error> {
        let Try { who, state, call, now, .. } = *attempt;
        let stops = matches!(reason, Unproved::MethodPaused | Unproved::MethodDisabled);
        let kind = if stops { EventKind::MethodStopped } else { EventKind::ResetProofSubmitted };
        self.audit
            .push(self.reset_event(kind, Outcome::Refused, state, who, now).because(reason.as_str()).done());
        if reason == Unproved::MethodDisabled {
            self.disable(scope, attempt).await?;
        }
        // Only what was proved before may show the account's own requirement.
        let proofs_remaining = if state.proofs.is_empty() {
            attempt.policy.reset.proofs_required
        } else {
            let judged = self.judged_today(scope, state, attempt.policy, now).await?;
            match still_the_same(state, judged.as_ref()) {
                Ok(judged) => remaining_shown(&state.proofs, judged.judgement.requirement, attempt.policy),
                Err(stopped) => return Err(self.stopped(kind, stopped, state, who, now)),
            }
        };
        let answer = ProofSubmitted {
            accepted: false,
            reset_token: self.keys.seal_reset(&*self.entropy, state),
            proofs_remaining,
        };
        // What counted nothing is answered alike every time, so a stranger's guesses write nothing.
        if !reason.was_counted() {
            return Ok(answer);
        }
        self.keep_answer(scope, &call, Kept::from(&answer), now).await.map(ProofSubmitted::from)
    }
}

impl Identity {
    /// Writes down that wrong codes in a row disabled a method, so that it counts for nothing until it is confirmed
    /// anew, and tells its owner. A change meanwhile leaves it to the next try.
    async fn disable(&self, scope: &TenantScope, attempt: &Try<'_>) -> Result<(), Error> {
        let Try { who, state, now, .. } = *attempt;
        let (Some(account_id), Target::Entry(id)) = (state.account_id, attempt.offered.target) else {
            return Ok(());
        };
        let account = self.store.find_account(scope, &AccountKey::Id(account_id)).await?;
        let held =
            account.as_ref().and_then(|account| account.security_info.iter().find(|entry| entry.id == id));
        let (Some(account), Some(entry)) = (&account, held.filter(|entry| !entry.disabled)) else {
            return Ok(());
        };
        let tenant = self.tenant(scope).await?;
        let notify = of_entry(&tenant, account, (entry, MethodChange::Disabled), now);
        let told = self.told(scope, account, now).await?;
        let event = self.reset_event(EventKind::MethodStopped, Outcome::Success, state, who, now);
        let change = ChangeAccount {
            account_id,
            version: account.version,
            change: Change::DisableSecurityInfo(id),
            event: event.by(Actor::Rekey).because("method_disabled").done(),
            notices: self.notices(tenant.id, &told, None, &notify, now),
            now,
        };
        self.store.change_account(scope, &change, None).await?;
        Ok(())
    }
}

impl From<&ProofSubmitted> for Kept {
    fn from(answer: &ProofSubmitted) -> Self {
        Self {
            accepted: answer.accepted,
            reset_token: answer.reset_token.expose_secret().to_owned(),
            proofs_remaining: answer.proofs_remaining,
        }
    }
}

impl From<Kept> for ProofSubmitted {
    fn from(kept: Kept) -> Self {
        Self {
            accepted: kept.accepted,
            reset_token: SecretString::from(kept.reset_token),
            proofs_remaining: kept.proofs_remaining,
        }
    }
}
