//! Signing in with a passkey and no password.
//!
//! The passkey names its account, so nothing is said of any before it signed. It is both factors at once: what its person has,
//! and what their device saw to. A password that is due to be changed stays due until somebody signs in with it; only the
//! question about security info is asked here too.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{RequestId, TenantId};
use rekey_primitives::method::MethodKind;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use std::time::Duration;

use super::challenge::Asked;
use super::{SignIns, SignedIn};
use crate::credentials::SignedByPasskey;
use crate::domain::account::Account;
use crate::domain::audit::{Actor, EventKind, Subject};
use crate::domain::passkey::{AuthenticationResponse, PasskeyRefused, options};
use crate::domain::policy::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::reset::sign_in_attempts_key;
use crate::domain::session::Session;
use crate::domain::{reconfirmation, second_factor};
use crate::operation::idempotency::{Answer, Request, Settled};
use crate::operation::{Caller, Context, Error, Failed, JUDGED_AT_MOST, Operation, Origin, Repeatable, Rpc};
use crate::store::accounts::PassedCode;
use crate::store::sign_ins::{OpenSession, PassedFactor, Stale};
use crate::tokens::{ChallengeKind, NewSession, PasskeySignIn, passkey_challenge};

const START: Rpc = Rpc { name: "StartPasskeySignIn", event: EventKind::SignIn };
const COMPLETE: Rpc = Rpc { name: "CompletePasskeySignIn", event: EventKind::SignIn };

/// Somebody wants to sign in with a passkey.
pub(crate) struct StartPasskeySignIn {
    pub tenant_id: TenantId,
    pub context: Context,
}

/// What their passkey is asked with.
pub(crate) struct StartedPasskeySignIn {
    /// `PublicKeyCredentialRequestOptionsJSON`.
    pub options: String,
    pub token: SecretString,
    pub expires_at: Timestamp,
}

/// What their passkey signed.
pub(crate) struct CompletePasskeySignIn {
    pub token: SecretString,
    pub response: AuthenticationResponse,
    pub request_id: RequestId,
    pub context: Context,
}

impl SignIns {
    /// Says what a passkey is to sign.
    #[tracing::instrument(skip_all, fields(tenant_id = %request.tenant_id))]
    pub(crate) async fn start_passkey_sign_in(
        &self,
        caller: &Caller,
        request: &StartPasskeySignIn,
    ) -> Result<StartedPasskeySignIn, Error> {
        let scope = caller.scope(request.tenant_id)?;
        let origin = Origin { caller, context: &request.context };
        let operation = Operation::new(START, scope, origin, self.clock.now());
        self.limits.consume_passkey_sign_in(&operation).await?;
        self.passkey_policy(&operation).await?;
        let life = Duration::from_secs(self.tokens.settings.challenge_life_seconds);
        let expires_at = operation.now.plus(life);
        let token = PasskeySignIn { tenant_id: request.tenant_id, caller: caller.hash(), expires_at };
        let token = self.tokens.seal(&token);
        let relying_party = self.credentials.relying_party()?;
        let options = options::request(relying_party, &passkey_challenge(&token), life, &[]);
        Ok(StartedPasskeySignIn { options, token, expires_at })
    }

    /// Signs in with what a passkey signed. The answer leaves in even time.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn complete_passkey_sign_in(
        &self,
        caller: &Caller,
        request: &CompletePasskeySignIn,
    ) -> Result<SignedIn, Error> {
        let token: Option<PasskeySignIn> = self.tokens.open(&request.token);
        let token = token.filter(|token| token.caller == caller.hash()).ok_or(Refusal::ChallengeInvalid)?;
        let scope = caller.scope(token.tenant_id).map_err(|_| Refusal::ChallengeInvalid)?;
        let origin = Origin { caller, context: &request.context };
        let operation = Operation::new(COMPLETE, scope, origin, self.clock.now());
        let content = [request.token.expose_secret().as_bytes(), request.response.text()];
        let named = Request { who: caller.name(), id: request.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        let signed_in = self.idempotency.run(&operation, self.attempt_passkey(&operation, &token, request));
        self.timing.even(signed_in).await
    }

    /// The policy, if people sign in with a passkey alone here.
    async fn passkey_policy(&self, operation: &Operation<'_>) -> Result<Policy, Error> {
        let policy = self.policies.policy(&operation.scope).await?;
        self.credentials.relying_party()?;
        if policy.sign_in.passkey_alone { Ok(policy) } else { Err(Refusal::PasskeySignInOff.into()) }
    }

    async fn attempt_passkey(
        &self,
        operation: &Repeatable<'_>,
        token: &PasskeySignIn,
        request: &CompletePasskeySignIn,
    ) -> Result<Answer<SignedIn>, Error> {
        if operation.now.has_reached(token.expires_at) {
            return Err(Refusal::ChallengeInvalid.into());
        }
        self.limits.consume_passkey_sign_in(operation).await?;
        let policy = self.passkey_policy(operation).await?;
        for _ in 0..JUDGED_AT_MOST {
            let owner =
                self.store.find_passkey_owner(&operation.scope, request.response.credential_id()).await?;
            // 7.2 step 6: nobody was named before, so the passkey has to say who it is.
            let owner = owner.filter(|_| request.response.names_its_person());
            let Some(account) = owner else {
                return Ok(self.reject_passkey(operation, None, PasskeyRefused::UnknownCredential.as_str()));
            };
            let kind = MethodKind::Passkey;
            let signed = SignedByPasskey {
                account_id: Some(account.id),
                entries: second_factor::taken(&account, kind),
                response: &request.response,
                challenge: passkey_challenge(&request.token),
                challenge_expires_at: token.expires_at,
            };
            let used = match self.credentials.passkey_use(operation, &signed).await? {
                Err(why) => return Ok(self.reject_passkey(operation, Some(&account), why.as_str())),
                Ok(_) if !account.is_open() => {
                    let why = if account.frozen { "account_frozen" } else { "account_blocked" };
                    return Ok(self.reject_passkey(operation, Some(&account), why));
                }
                Ok(used) => used,
            };
            let counter = sign_in_attempts_key(account.id, kind);
            let passed = PassedCode { account_id: account.id, code: used, counter };
            if let Some(answer) = self.let_in_by_passkey(operation, &account, &policy, passed).await? {
                return Ok(answer);
            }
            // The account changed, or another call was faster: what is read now decides.
        }
        Err(Failed::Contended.into())
    }

    /// Opens a session, or asks the question that is due; `None` if the account is to be judged anew.
    async fn let_in_by_passkey(
        &self,
        operation: &Repeatable<'_>,
        account: &Account,
        policy: &Policy,
        passed: PassedCode,
    ) -> Result<Option<Answer<SignedIn>>, Error> {
        let event = self.audit.event(operation).on(account.id).by(Actor::Account(account.id));
        let event = event.because(MethodKind::Passkey.as_str());
        if reconfirmation::is_due(account, &policy.security_info, operation.now) {
            let kind = ChallengeKind::ConfirmSecurityInfo;
            let asked = Asked {
                is_strong: true,
                is_without_password: true,
                ..Asked::of_today(account, kind, operation.now)
            };
            let challenge = self.challenge(operation, &asked, policy);
            let stored =
                self.idempotency.answering(operation.key, |(): &()| SignedIn::Challenge(challenge.clone()));
            let factor = PassedFactor { passed, epoch: account.epoch, event: event.done() };
            let step =
                self.store.second_factor_passed(&operation.scope, &factor, stored.once(), operation.now);
            return Ok(stored.settle(step.await?)?.ok());
        }
        let (session, tokens) = self.tokens.new_session(&NewSession {
            account,
            epoch: account.epoch,
            rules: &policy.sessions,
            origin: operation.origin,
            proved_at: operation.now,
            strong: true,
            now: operation.now,
        });
        let open = OpenSession {
            session,
            verified: None,
            rehashed: None,
            login: self.keys.login_key_of(account),
            place: self.place_of(operation, account),
            answers: None,
            linked_from: None,
            spent: Some(passed),
            event: event.done(),
        };
        let stored =
            self.idempotency.answering(operation.key, |_: &Session| SignedIn::Tokens(tokens.clone()));
        let step = self.store.open_session(&operation.scope, &open, stored.once()).await?;
        Ok(match stored.outcome(step)? {
            Settled::Done(session) => Some(stored.stored(&session)),
            Settled::Repeated(answer) => Some(answer),
            Settled::Refused(Stale) => None,
        })
    }

    /// Says no, and not why; the log is told.
    fn reject_passkey(
        &self,
        operation: &Operation<'_>,
        account: Option<&Account>,
        why: &'static str,
    ) -> Answer<SignedIn> {
        let event = self.audit.event(operation);
        let event = match account {
            Some(account) => event.on(account.id),
            None => event.on_subject(Subject::Tenant),
        };
        self.audit.note(event.refused(why));
        Answer::to_store(SignedIn::Rejected)
    }
}
