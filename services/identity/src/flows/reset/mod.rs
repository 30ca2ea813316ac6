//! Resetting a forgotten password: start, send, prove, complete; and what surrounds it: help and "this was not me".
//!
//! A reset is carried by its token. Until something is proved, an account that may not reset and a login that does
//! not exist walk the same path with the same steps, to a message that is never sent and a code that is never right.
//! The true reason goes to the audit buffer alone.

mod complete;
mod help;
mod pretend;
mod prove;
mod repudiate;
mod send;
pub(crate) mod start;

pub(crate) use complete::CompleteReset;
pub(crate) use help::AskForHelp;
pub(crate) use prove::SubmitProof;
pub(crate) use repudiate::Repudiate;
pub(crate) use send::SendCode;
pub(crate) use start::{OfferedMethod, StartReset};

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::VerificationId;
use rekey_primitives::secret::SecretString;
use rekey_sealing::digest;

use super::audit::Draft;
use super::{Caller, Context, Error, Failed, Identity};
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Outcome, Subject};
use crate::domain::eligibility::{Candidate, Judgement, judge};
use crate::domain::policy::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::reset::complete::{Stopped, is_same, may_complete, may_continue};
use crate::domain::reset::{Position, ResetState, verification_id, verification_parts};
use crate::domain::scope::TenantScope;
use crate::domain::tenant::Tenant;
use crate::store::accounts::{AccountKey, TenantKey};
use crate::store::resets::NOBODY;

/// The account of a reset, judged by today's rules.
struct Judged {
    account: Account,
    judgement: Judgement,
}

impl Identity {
    /// Opens a reset that this caller started. Whether its life is over is judged after a repeat was looked for.
    fn open_reset(
        &self,
        caller: &Caller,
        shown: &SecretString,
    ) -> Result<(TenantScope, ResetState), Refusal> {
        let state = self.keys.open_reset(shown).ok_or(Refusal::ResetInvalid)?;
        let scope = caller.scope(state.tenant_id).map_err(|_| Refusal::ResetInvalid)?;
        match may_continue(&state, &caller_hash(caller), state.started_at) {
            Ok(()) => Ok((scope, state)),
            Err(stopped) => Err(stopped.refusal()),
        }
    }

    /// The tenant of a scope.
    pub(crate) async fn tenant(&self, scope: &TenantScope) -> Result<Tenant, Error> {
        let key = TenantKey::Id(scope.tenant_id());
        self.store.find_tenant(&key).await?.ok_or_else(|| Refusal::TenantNotFound.into())
    }

    /// The policy in force.
    pub(crate) async fn policy(&self, scope: &TenantScope) -> Result<Policy, Error> {
        let revision = self.store.policy(scope).await?;
        revision.map(|revision| revision.policy).ok_or_else(|| Refusal::TenantNotFound.into())
    }

    /// The policy as far as this release can carry it out: kinds of methods whose codes are sent. Others, which a
    /// newer release may know to check, are neither offered nor invented, or a decoy would give itself away.
    pub(crate) async fn reset_policy(&self, scope: &TenantScope) -> Result<Policy, Error> {
        self.policy(scope).await.map(carried_out)
    }

    /// Judges an account by today's policy.
    pub(crate) async fn judge_account(
        &self,
        scope: &TenantScope,
        account: &Account,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Judgement, Error> {
        let standing = self.store.standing(scope, account.id).await?;
        let candidate = Candidate { account, groups: &standing.groups, has_seat: standing.has_seat };
        Ok(judge(&candidate, policy, now))
    }

    /// The account of a reset as it is today, or `None` where there is none behind it, by the same reads.
    async fn judged_today(
        &self,
        scope: &TenantScope,
        state: &ResetState,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Judged>, Error> {
        let key = AccountKey::Id(state.account_id.unwrap_or(NOBODY));
        let Some(account) = self.store.find_account(scope, &key).await? else {
            self.store.standing(scope, NOBODY).await?;
            return Ok(None);
        };
        let judgement = self.judge_account(scope, &account, policy, now).await?;
        Ok(Some(Judged { account, judgement }))
    }

    /// The account of a reset that may set a password now, for whoever helps to choose one.
    pub(crate) async fn proved_reset(
        &self,
        caller: &Caller,
        shown: &SecretString,
        now: Timestamp,
    ) -> Result<(TenantScope, Account, Policy), Error> {
        let (scope, state) = self.open_reset(caller, shown)?;
        self.spend_evaluation(&digest(&[b"reset", state.reset_id.as_uuid().as_bytes()]), now).await?;
        let policy = self.reset_policy(&scope).await?;
        let judged = self.judged_today(&scope, &state, &policy, now).await?;
        let account = judged.as_ref().map(|judged| (&judged.account, &judged.judgement));
        may_complete(&state, &caller_hash(caller), account, 0, &policy, now)
            .map_err(|stopped| stopped.refusal())?;
        let judged = judged.ok_or(Refusal::ResetInvalid)?;
        Ok((scope, judged.account, policy))
    }

    /// Begins an event of a reset.
    fn reset_event(
        &self,
        kind: EventKind,
        outcome: Outcome,
        state: &ResetState,
        (caller, context): (&Caller, &Context),
        now: Timestamp,
    ) -> Draft {
        let subject = state
            .account_id
            .map_or(Subject::UnknownLogin(digest(&[b"unknown", state.seed.as_bytes()])), Subject::Account);
        self.event(state.tenant_id, kind, outcome, now).on_subject(subject).from(context).through(caller)
    }

    /// Notes why a step of a reset was stopped, and says what the person may know of it.
    fn stopped(
        &self,
        kind: EventKind,
        stopped: Stopped,
        state: &ResetState,
        who: (&Caller, &Context),
        now: Timestamp,
    ) -> Error {
        let event = self.reset_event(kind, Outcome::Refused, state, who, now).because(stopped.as_str());
        self.audit.push(event.done());
        stopped.refusal().into()
    }
}

/// Whether the account of a reset is still the one it began with.
fn still_the_same<'a>(state: &ResetState, judged: Option<&'a Judged>) -> Result<&'a Judged, Stopped> {
    let judged = judged.ok_or(Stopped::NoAccount)?;
    is_same(state, &judged.account).map(|()| judged)
}

/// Stands for a caller in tokens.
pub(crate) fn caller_hash(caller: &Caller) -> [u8; 32] {
    digest(&[b"caller", caller.name().as_bytes()])
}

fn carried_out(mut policy: Policy) -> Policy {
    policy.reset.allowed_methods.retain(|kind| kind.channel().is_some());
    policy
}

/// The verification behind a method of a reset.
fn verification_of(state: &ResetState, position: Position) -> VerificationId {
    let [reset, method] = verification_parts(state.reset_id, position);
    verification_id(&digest(&[b"verification", &reset, &method]))
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
