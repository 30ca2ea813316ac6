//! Resetting a forgotten password: start, send, prove, complete; and what surrounds it: help, "this was not me" and the links that
//! administrators have sent.
//!
//! A reset is carried by its token. Until something is proved, an account that may not reset and a login that does
//! not exist walk the same path with the same steps, to a message that is never sent and a code that is never right.
//! The true reason goes to the audit buffer alone.

mod complete;
mod decoy_send;
mod held_code;
pub(crate) mod help;
mod prove;
mod redeem_link;
mod repudiate;
mod send;
mod shares;
mod start;

use std::sync::Arc;

use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::{VerificationId, from_digest};
use rekey_primitives::secret::SecretString;
use rekey_sealing::digest;

pub(crate) use complete::CompleteReset;
#[cfg(test)]
pub(crate) use prove::ProofSubmitted;
pub(crate) use prove::{ShownProof, SubmitProof};
pub(crate) use redeem_link::RedeemLink;
pub(crate) use repudiate::Repudiate;
pub(crate) use send::SendCode;
pub(crate) use shares::MethodShares;
#[cfg(test)]
pub(crate) use start::StartedReset;
pub(crate) use start::{OfferedMethod, StartReset};

use crate::audit::Audit;
use crate::credentials::{Credentials, ProvedAccount};
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Subject};
use crate::domain::eligibility::{Candidate, JudgedAccount, judge};
use crate::domain::policy::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::reset::complete::{Completion, Stopped, has_its_proofs, is_same, may_continue};
use crate::domain::reset::{Position, ResetState, verification_parts};
use crate::domain::scope::TenantScope;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::notices::Notices;
use crate::operation::idempotency::Idempotency;
use crate::operation::{Caller, Error, Failed, Operation, Origin, Rpc};
use crate::peers::Verification;
use crate::policies::Policies;
use crate::response_timing::ResponseTiming;
use crate::store::Store;
use crate::store::accounts::AccountKey;
use crate::store::resets::NOBODY;
use crate::tokens::Tokens;

/// The use case.
#[derive(Clone)]
pub(crate) struct Resets {
    pub store: Store,
    pub verification: Arc<dyn Verification>,
    pub clock: SharedClock,
    pub entropy: SharedEntropy,
    pub keys: Arc<Keys>,
    pub tokens: Tokens,
    pub credentials: Credentials,
    pub policies: Policies,
    pub limits: Limits,
    pub notices: Notices,
    pub audit: Audit,
    pub idempotency: Idempotency,
    pub timing: ResponseTiming,
    /// What decoys are drawn from.
    pub shares: MethodShares,
    /// Where the link of a notice leads.
    pub portal_url: String,
}

/// An open reset, and the call that goes on with it.
struct Continued<'a> {
    operation: Operation<'a>,
    state: ResetState,
}

impl Resets {
    /// The account of a reset that may set a password now, for whoever helps to choose one.
    pub(crate) async fn proved_account(
        &self,
        caller: &Caller,
        shown: &SecretString,
        now: Timestamp,
    ) -> Result<ProvedAccount, Error> {
        let state = open(&self.tokens, caller, shown)?;
        let scope = caller.scope(state.tenant_id).map_err(|_| Refusal::ResetInvalid)?;
        has_its_proofs(&state, &caller.hash(), now).map_err(Stopped::refusal)?;
        let whose = digest(&[b"reset", state.reset_id.as_uuid().as_bytes()]);
        self.limits.consume_evaluation(&whose, now).await?;
        let policy = self.policies.reset_policy(&scope).await?;
        let judged = self.judged_today(&scope, &state, &policy, now).await?;
        let completion = Completion {
            state: &state,
            caller: &caller.hash(),
            judged: judged.as_ref(),
            policy: &policy,
            now,
        };
        completion.may_set_password(0).map_err(Stopped::refusal)?;
        let JudgedAccount { account, .. } = judged.ok_or(Refusal::ResetInvalid)?;
        Ok(ProvedAccount { scope, account, policy })
    }

    /// Opens a reset that this caller started, for a call that goes on with it. Whether its life is over is judged after an
    /// earlier answer was looked for.
    fn go_on<'a>(
        &self,
        rpc: Rpc,
        origin: Origin<'a>,
        shown: &SecretString,
    ) -> Result<Continued<'a>, Refusal> {
        let now = self.clock.now();
        let state = open(&self.tokens, origin.caller, shown)?;
        let scope = origin.caller.scope(state.tenant_id).map_err(|_| Refusal::ResetInvalid)?;
        let operation = Operation::new(rpc, scope, origin, now).on(subject_of(&state));
        Ok(Continued { operation, state })
    }

    /// Judges an account by today's policy.
    async fn judge_account(
        &self,
        scope: &TenantScope,
        account: Account,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<JudgedAccount, Error> {
        let standing = self.store.eligibility_facts(scope, account.id).await?;
        let candidate =
            Candidate { account: &account, groups: &standing.groups, has_seat: standing.has_seat };
        let judgement = judge(&candidate, policy, now);
        Ok(JudgedAccount { account, judgement })
    }

    /// The account of a reset as it is today, or `None` where there is none behind it, by the same reads.
    async fn judged_today(
        &self,
        scope: &TenantScope,
        state: &ResetState,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<JudgedAccount>, Error> {
        let key = AccountKey::Id(state.account_id.unwrap_or(NOBODY));
        let Some(account) = self.store.find_account(scope, &key).await? else {
            self.store.eligibility_facts(scope, NOBODY).await?;
            return Ok(None);
        };
        self.judge_account(scope, account, policy, now).await.map(Some)
    }

    /// Notes why a step of a reset was stopped, and says what the person may know of it.
    fn stopped(&self, operation: &Operation<'_>, stopped: Stopped) -> Error {
        self.stopped_as(operation, operation.rpc.event, stopped)
    }

    fn stopped_as(&self, operation: &Operation<'_>, kind: EventKind, stopped: Stopped) -> Error {
        self.audit.note(self.audit.event_of(operation, kind).refused(stopped.as_str()));
        stopped.refusal().into()
    }
}

/// Opens a reset that this caller started, be its life over or not.
fn open(tokens: &Tokens, caller: &Caller, shown: &SecretString) -> Result<ResetState, Refusal> {
    let state = tokens.open_reset(shown).ok_or(Refusal::ResetInvalid)?;
    may_continue(&state, &caller.hash(), state.started_at).map_err(Stopped::refusal)?;
    Ok(state)
}

/// Whom a reset is about, for the log.
fn subject_of(state: &ResetState) -> Subject {
    let nobody = || Subject::UnknownLogin(digest(&[b"unknown", state.seed.as_bytes()]));
    state.account_id.map_or_else(nobody, Subject::Account)
}

/// Whether the account of a reset is still the one it began with.
fn still_the_same<'a>(
    state: &ResetState,
    judged: Option<&'a JudgedAccount>,
) -> Result<&'a JudgedAccount, Stopped> {
    let judged = judged.ok_or(Stopped::NoAccount)?;
    is_same(state, &judged.account).map(|()| judged)
}

/// The verification of a code for a method of a reset, by the number of the code. A repeated send continues the same one.
fn verification_of(state: &ResetState, position: Position, code: u32) -> VerificationId {
    let [reset, method] = verification_parts(state.reset_id, position);
    let first = digest(&[b"verification", &reset, &method]);
    VerificationId::from_uuid(from_digest(&match code {
        0 => first,
        later => digest(&[b"next verification", &first, &later.to_be_bytes()]),
    }))
}

/// What the evidence for a method of a reset is bound to.
fn binding_of(state: &ResetState, position: Position) -> [u8; 32] {
    let [reset, method] = verification_parts(state.reset_id, position);
    digest(&[b"binding", &reset, &method])
}

/// A token that opens but holds what no release writes.
fn unreadable_offer() -> Error {
    Failed::Unreadable { what: "the offer of a reset" }.into()
}

#[cfg(test)]
mod tests;
