//! Asking an administrator. The answer is the same whatever becomes of the request.
//!
//! One that comes with a passed proof is mailed at once; one without waits for the digest ([`digests`]), since a stranger
//! can file it in anybody's name. A repeat does nothing again: its answer is stored, also where there is nobody to help,
//! so that an id used for other content is refused alike for logins that exist and for those that do not.

mod digests;

use std::sync::Arc;

use rekey_primitives::clock::SharedClock;
use rekey_primitives::contact::Destination;
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::{HelpRequestId, RequestId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString};

use super::open;
use crate::audit::{Audit, Draft};
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Subject};
use crate::domain::help::{HelpRequest, HelpState, Message, expires_at, recipients};
use crate::domain::refusal::Refusal;
use crate::domain::reset::complete::is_same;
use crate::domain::scope::TenantScope;
use crate::domain::tenant::Tenant;
use crate::keys::{Keys, TypedLogin};
use crate::limits::Limits;
use crate::notices::{NoticeContent, Notices, mailboxes};
use crate::operation::idempotency::{Answer, Idempotency, Request};
use crate::operation::{Caller, Context, Error, Operation, Origin, Repeatable, Rpc};
use crate::policies::Policies;
use crate::response_timing::ResponseTiming;
use crate::store::outbox::Notice;
use crate::store::resets::NOBODY;
use crate::store::sign_ins::LoginLookup;
use crate::store::{StepOutcome, Store};
use crate::tokens::Tokens;

const RPC: Rpc = Rpc { name: "RequestAdministratorHelp", event: EventKind::HelpRequested };

/// The use case.
#[derive(Clone)]
pub(crate) struct Help {
    pub store: Store,
    pub clock: SharedClock,
    pub entropy: SharedEntropy,
    pub keys: Arc<Keys>,
    pub tokens: Tokens,
    pub policies: Policies,
    pub limits: Limits,
    pub notices: Notices,
    pub audit: Audit,
    pub idempotency: Idempotency,
    pub timing: ResponseTiming,
}

/// A person asks a person.
pub(crate) struct AskForHelp {
    pub tenant_id: TenantId,
    /// What the person types at sign-in.
    pub login: String,
    /// The reset, if one is open.
    pub reset_token: Option<SecretString>,
    pub message: String,
    pub request_id: RequestId,
    pub context: Context,
}

impl Help {
    /// Files a help request, if there is anybody to file it for. The answer leaves in even time.
    #[tracing::instrument(skip_all, fields(tenant_id = %request.tenant_id))]
    pub(crate) async fn ask(&self, caller: &Caller, request: &AskForHelp) -> Result<(), Error> {
        self.timing.even(self.asked(caller, request)).await
    }

    async fn asked(&self, caller: &Caller, request: &AskForHelp) -> Result<(), Error> {
        let scope = caller.scope(request.tenant_id)?;
        let message = Message::parse(&request.message)?;
        let origin = Origin { caller, context: &request.context };
        let operation = Operation::new(RPC, scope, origin, self.clock.now());
        let reset_token = request.reset_token.as_ref().map_or("", |token| token.expose_secret());
        let content = [request.login.as_bytes(), reset_token.as_bytes(), request.message.as_bytes()];
        let named = Request { who: caller.name(), id: request.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run(&operation, self.file_for(&operation, request, message)).await
    }

    async fn file_for(
        &self,
        operation: &Repeatable<'_>,
        asked: &AskForHelp,
        message: Message,
    ) -> Result<Answer<()>, Error> {
        let scope = &operation.scope;
        self.limits.consume_help(operation).await?;
        let typed = TypedLogin::read(&asked.login);
        let known = self.store.find_login(scope, typed.login.as_ref()).await?;
        let known = known.ok_or(Refusal::TenantNotFound)?;
        let request = self.new_request(operation, &known, message);
        let Some(account) = known.account.as_ref().filter(|_| known.policy.policy.help.enabled) else {
            // There is nobody to help, and the same is done as if there were.
            let login = self.keys.login_key(scope.tenant_id(), typed.name(known.account.as_ref()));
            let event = self.audit.event(operation).on_subject(Subject::UnknownLogin(login));
            return self.file(operation, &request, event.refused("nobody_to_help"), &[]).await;
        };
        let proved = self.is_proved(operation, asked.reset_token.as_ref(), account);
        let request = HelpRequest { account_id: account.id, proved, ..request };
        let notices = if proved {
            self.help_notices(operation, &known.tenant, account, &request).await?
        } else {
            Vec::new()
        };
        let event = self.audit.event(operation).on(account.id);
        let event = event.because(if proved { "proved" } else { "unproved" });
        self.file(operation, &request, event, &notices).await
    }

    /// Whether the reset that came along is alive, this account's, and has a proof.
    fn is_proved(&self, operation: &Operation<'_>, shown: Option<&SecretString>, account: &Account) -> bool {
        let Some(shown) = shown else { return false };
        let caller = operation.origin.caller;
        open(&self.tokens, caller, shown).is_ok_and(|state| {
            caller.scope(state.tenant_id).is_ok()
                && !operation.now.has_reached(state.expires_at)
                && !state.is_silent
                && !state.proofs.is_empty()
                && is_same(&state, account).is_ok()
        })
    }

    async fn file(
        &self,
        operation: &Repeatable<'_>,
        request: &HelpRequest,
        event: Draft,
        notices: &[Notice],
    ) -> Result<Answer<()>, Error> {
        let answering = self.idempotency.answering(operation.key, |(): &()| ());
        let once = answering.once();
        let step =
            self.store.file_help(&operation.scope, request, &event.done(), notices, Some(once)).await?;
        // Whatever became of the request, the answer is one.
        let step: StepOutcome<(), ()> = match step {
            StepOutcome::Done(_) | StepOutcome::Refused(()) => StepOutcome::Done(()),
            StepOutcome::Repeated(first) => StepOutcome::Repeated(first),
            StepOutcome::OtherContent => StepOutcome::OtherContent,
        };
        Ok(answering.settle(step)?.unwrap_or_else(|()| answering.stored(&())))
    }

    async fn help_notices(
        &self,
        operation: &Operation<'_>,
        tenant: &Tenant,
        account: &Account,
        request: &HelpRequest,
    ) -> Result<Vec<Notice>, Error> {
        let addresses = self.addresses(&operation.scope, tenant, account).await?;
        let content = NoticeContent::person("help_request", tenant, account, operation.now)
            .with("login", account.logins.first().map_or("", |login| login.as_str()))
            .with("message", request.message.as_str());
        Ok(self.notices.to(&addresses, &content))
    }

    /// Where help requests of an account go: the tenant's mailbox, or the administrators nearest to the work. To a
    /// tenant that sends its people to a page of its own, nowhere: they are listed and not mailed.
    async fn addresses(
        &self,
        scope: &TenantScope,
        tenant: &Tenant,
        locked_out: &Account,
    ) -> Result<Vec<Destination>, Error> {
        if let Some(mailbox) = &tenant.help_mailbox {
            return Ok(vec![Destination::Email(mailbox.clone())]);
        }
        if tenant.help_url.is_some() {
            return Ok(Vec::new());
        }
        let administrators = self.store.administrators(scope).await?;
        let roles: Vec<_> = administrators.iter().map(|account| (account.id, account.roles)).collect();
        let chosen = recipients(&roles, locked_out.id);
        Ok(mailboxes(administrators.iter().filter(|account| chosen.contains(&account.id))))
    }

    /// A request for help in nobody's name, without a proof.
    fn new_request(&self, operation: &Operation<'_>, known: &LoginLookup, message: Message) -> HelpRequest {
        let now = operation.now;
        HelpRequest {
            id: HelpRequestId::generate(&*self.entropy, now),
            tenant_id: known.tenant.id,
            account_id: NOBODY,
            message,
            proved: false,
            state: HelpState::Open,
            handled_by: None,
            created_at: now,
            updated_at: now,
            caller_verified_at: None,
            expires_at: expires_at(known.policy.policy.help.expiry_days, now),
            version: 1,
        }
    }
}

#[cfg(test)]
mod tests;
