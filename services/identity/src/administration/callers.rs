//! Callers on the phone: a code that goes to one of their methods, and what they read back.
//!
//! Tries are counted here before verification is asked, as in a reset, and apart from those of resets. The counter's name holds
//! the recovery version, so that methods that were confirmed anew begin anew.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, HelpRequestId, RequestId, VerificationId, from_digest};
use rekey_primitives::method::MethodKind;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Administration;
use crate::domain::account::Account;
use crate::domain::attempts::AttemptOrigin;
use crate::domain::audit::{EventKind, Outcome, Subject};
use crate::domain::authority::Permission;
use crate::domain::caller::{CallerCode, caller_method};
use crate::domain::refusal::Refusal;
use crate::domain::security_info::SecurityInfo;
use crate::operation::idempotency::{Answer, Request, sealed_secret};
use crate::operation::{Administrator, Error, Repeatable, Rpc, Target};
use crate::peers::verification::{CALLER_VERIFICATION, CheckCode, StartCode, Started, Stopped, Timers};
use crate::store::resets::{AttemptCounted, CallerJudged, CodeAttempt, CodeSource};

const SEND: Rpc = Rpc { name: "SendCallerCode", event: EventKind::CallerVerified };
const VERIFY: Rpc = Rpc { name: "VerifyCaller", event: EventKind::CallerVerified };

pub(crate) const PERMISSION: Permission = Permission::VerifyCaller;

/// A code that is on its way to a caller.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CallerCodeView {
    #[serde(with = "sealed_secret")]
    pub caller_token: SecretString,
    /// By name.
    pub kind: String,
    pub masked_destination: String,
    pub code_expires_at: Timestamp,
}

/// What a caller read back.
#[derive(Debug)]
pub(crate) struct ReadBack {
    pub caller_token: SecretString,
    pub code: SecretString,
    pub request_id: RequestId,
}

/// Whether it was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallerVerdict {
    pub matched: bool,
    /// The pending help request that says so from now on.
    pub help_request_id: Option<Uuid>,
}

impl Administration {
    /// Has a code sent to a method of the account that a caller says is theirs.
    pub(crate) async fn send_caller_code(
        &self,
        administrator: &Administrator,
        target: Target,
        kind: Option<MethodKind>,
    ) -> Result<CallerCodeView, Error> {
        let operation = self
            .authorisation
            .operation(SEND, administrator, target.tenant_id)?
            .on(Subject::Account(target.account_id));
        self.authorisation.authorise_in_tenant(&operation, administrator, PERMISSION).await?;
        let (who, account) = (administrator.name(), target.account_id.as_uuid());
        let content = [account.as_bytes().as_slice(), kind.map_or("", MethodKind::as_str).as_bytes()];
        let named = Request { who: &who, id: target.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        let work = self.send_code_once(&operation, administrator, target.account_id, kind);
        // Whether they still may is judged before an earlier answer is given.
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn send_code_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        account_id: AccountId,
        kind: Option<MethodKind>,
    ) -> Result<Answer<CallerCodeView>, Error> {
        let account = self.reached(operation, administrator, account_id, PERMISSION).await?;
        let policy = self.policies.policy(&operation.scope).await?;
        let entry = caller_method(&account, kind, &policy.reset, operation.now)?;
        let verification_id = operation.key.request_id("caller", &[entry.id.as_uuid().as_bytes()]);
        let verification_id = VerificationId::from_uuid(verification_id);
        let timers = self.start_caller_code(operation, &account, entry, verification_id).await?;
        let method = self.caller_attempts_key(&account, entry);
        self.store.code_sent(&operation.scope, method, timers.code_expires_at).await?;
        let code = CallerCode {
            tenant_id: account.tenant_id,
            account_id: account.id,
            entry: entry.id,
            verification_id,
            asked_by: self.asked_by(administrator),
            expires_at: timers.code_expires_at,
        };
        let masked = entry.destination().map(|to| to.masked()).unwrap_or_default();
        let view = CallerCodeView {
            caller_token: self.tokens.seal(&code),
            kind: entry.kind().as_str().to_owned(),
            masked_destination: masked.clone(),
            code_expires_at: timers.code_expires_at,
        };
        let event = self.audit.event(operation).because("code_sent").at_place(masked).done();
        let answering = self.idempotency.answering(operation.key, |(): &()| view.clone());
        let once = Some(answering.once());
        let step = self.store.note_caller_code(&operation.scope, &event, once, operation.now).await?;
        Ok(answering.settle(step)?.unwrap_or_else(|()| answering.stored(&())))
    }

    async fn start_caller_code(
        &self,
        operation: &Repeatable<'_>,
        account: &Account,
        entry: &SecurityInfo,
        verification_id: VerificationId,
    ) -> Result<Timers, Error> {
        let tenant = self.policies.tenant(&operation.scope).await?;
        let start = StartCode {
            tenant_id: account.tenant_id,
            verification_id,
            request_id: operation.request_id_from_here("start"),
            purpose: CALLER_VERIFICATION,
            subject: account.id.to_string(),
            destinations: entry.destination().into_iter().collect(),
            // The helpdesk's language need not be the caller's.
            locale: None,
            binding: self.caller_binding(account.id, verification_id),
            decoy: false,
            organisation: tenant.display_name,
            familiar: false,
            asked_by: operation.origin.asked_by(None),
        };
        match self.verification.start(&start).await? {
            Started::Sent(timers) | Started::WasThere(timers) => Ok(timers),
            Started::Stopped(Stopped { stop, timing }) => {
                self.audit.note_limit(operation, stop.as_str());
                // Administrators may know that it did not go out: a caller waits for it.
                let retry_after = timing.waits.last().copied().unwrap_or(timing.code_life);
                Err(Refusal::SendLimited { retry_after }.into())
            }
            Started::Differs => Err(Refusal::CallerCodeInvalid.into()),
        }
    }

    /// Judges what a caller read back.
    pub(crate) async fn verify_caller(
        &self,
        administrator: &Administrator,
        read: &ReadBack,
    ) -> Result<CallerVerdict, Error> {
        let token: Option<CallerCode> = self.tokens.open(&read.caller_token);
        let code = token.ok_or(Refusal::CallerCodeInvalid)?;
        let operation = self
            .authorisation
            .operation(VERIFY, administrator, code.tenant_id)?
            .on(Subject::Account(code.account_id));
        self.authorisation.authorise_in_tenant(&operation, administrator, PERMISSION).await?;
        if code.asked_by != self.asked_by(administrator) {
            return Err(Refusal::CallerCodeInvalid.into());
        }
        let who = administrator.name();
        let content = [read.caller_token.expose_secret().as_bytes(), read.code.expose_secret().as_bytes()];
        let named = Request { who: &who, id: read.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        let work = self.verify_once(&operation, administrator, &code, &read.code);
        self.idempotency.run(&operation, work).await
    }

    async fn verify_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        code: &CallerCode,
        typed: &SecretString,
    ) -> Result<Answer<CallerVerdict>, Error> {
        if operation.now.has_reached(code.expires_at) {
            return Err(Refusal::CallerCodeInvalid.into());
        }
        let account = self.reached(operation, administrator, code.account_id, PERMISSION).await?;
        let entry = account.security_info.iter().find(|entry| entry.id == code.entry);
        let matched = match entry {
            Some(entry) if self.count_caller_attempt(operation, &account, entry).await? => {
                self.is_callers_code(operation, code, typed).await?
            }
            // It was removed meanwhile, or takes no try.
            Some(_) | None => false,
        };
        let event = self.audit.event(operation);
        let event = if matched {
            event.because("matched")
        } else {
            event.outcome(Outcome::Refused).because("code_rejected")
        };
        let judged = CallerJudged {
            account_id: account.id,
            matched,
            method: entry.map(|entry| self.caller_attempts_key(&account, entry)),
            event: event.done(),
            now: operation.now,
        };
        let answering = self.idempotency.answering(operation.key, move |help: &Option<HelpRequestId>| {
            CallerVerdict { matched, help_request_id: help.map(HelpRequestId::as_uuid) }
        });
        let once = Some(answering.once());
        let step = self.store.judge_caller(&operation.scope, &judged, once).await?;
        Ok(answering.settle(step)?.unwrap_or_else(|()| answering.stored(&None)))
    }

    /// Counts a try; false when none is taken.
    async fn count_caller_attempt(
        &self,
        operation: &Repeatable<'_>,
        account: &Account,
        entry: &SecurityInfo,
    ) -> Result<bool, Error> {
        let rules = self.policies.policy(&operation.scope).await?.reset;
        let request = operation.key.fingerprint();
        let (method, from, codes) =
            (self.caller_attempts_key(account, entry), AttemptOrigin::Anywhere, CodeSource::Sent);
        let attempt = CodeAttempt { method, from, request: &request, rules: &rules, codes };
        let counted = self.store.count_code_attempt(&operation.scope, &attempt, operation.now).await?;
        Ok(match counted {
            AttemptCounted::Counted | AttemptCounted::CountedBefore => true,
            AttemptCounted::NoLiveCode => false,
            AttemptCounted::Stopped(_) => {
                self.audit.note(self.audit.event_of(operation, EventKind::MethodStopped).refused("paused"));
                false
            }
        })
    }

    async fn is_callers_code(
        &self,
        operation: &Repeatable<'_>,
        code: &CallerCode,
        typed: &SecretString,
    ) -> Result<bool, Error> {
        let CallerCode { tenant_id, account_id, verification_id, .. } = *code;
        let check = CheckCode {
            tenant_id,
            verification_id,
            request_id: operation.request_id_from_here("check"),
            purpose: CALLER_VERIFICATION,
            subject: account_id.to_string(),
            code: typed.clone(),
            asked_by: operation.origin.asked_by(None),
        };
        let checked = self.verification.check(&check).await?;
        let Some(grant) = checked.grant(|stop| self.audit.note_limit(operation, stop.as_str())) else {
            return Ok(false);
        };
        let request_id = operation.request_id_from_here("redeem");
        let binding = self.caller_binding(account_id, verification_id);
        let redeemed = self.verification.redeem(tenant_id, &grant, &binding, request_id).await?;
        Ok(redeemed.is_some_and(|redeemed| redeemed.verification_id == verification_id))
    }
}

/// Hashes that stand for something elsewhere, under the key that does not rotate.
impl Administration {
    /// Stands for who had a code sent.
    fn asked_by(&self, administrator: &Administrator) -> [u8; 32] {
        self.keys.login_hash.tag("caller code", &[administrator.name().as_bytes()])
    }

    /// Names the counter of a method's tries by callers.
    fn caller_attempts_key(&self, account: &Account, entry: &SecurityInfo) -> Uuid {
        let (entry, version) = (entry.id.as_uuid(), account.recovery_version.0.to_be_bytes());
        from_digest(&self.keys.login_hash.tag("caller method", &[entry.as_bytes(), &version]))
    }

    /// What the grant of a caller's code is bound to.
    fn caller_binding(&self, account_id: AccountId, verification_id: VerificationId) -> [u8; 32] {
        let (account, verification) = (account_id.as_uuid(), verification_id.as_uuid());
        self.keys.login_hash.tag("caller binding", &[account.as_bytes(), verification.as_bytes()])
    }
}

#[cfg(test)]
mod tests;
