//! Asking an administrator. The answer is the same whatever becomes of the request.
//!
//! One that comes with a passed proof is mailed at once; one without waits for the hourly digest, since a stranger
//! can file it in anybody's name. A repeat does nothing again: its answer is kept, also where there is nobody to help,
//! so that an id used for other content is refused alike for logins that exist and for those that do not.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::{AccountId, HelpRequestId, RequestId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString};

use crate::domain::account::Account;
use crate::domain::audit::{AuditEvent, EventKind, Outcome, Subject};
use crate::domain::help::{Filing, HelpRequest, HelpState, Message, expires_at, recipients};
use crate::domain::refusal::Refusal;
use crate::domain::reset::complete::is_same;
use crate::domain::scope::TenantScope;
use crate::domain::security_info::told;
use crate::domain::tenant::Tenant;
use crate::flows::keys::TypedLogin;
use crate::flows::notices::Notify;
use crate::flows::once::{Call, Repeatable};
use crate::flows::{Caller, Context, Error, Identity};
use crate::store::outbox::Notice;
use crate::store::resets::NOBODY;
use crate::store::sign_ins::Known;

/// A person asks a person.
pub(crate) struct AskForHelp {
    /// The tenant.
    pub tenant_id: TenantId,
    /// What the person types at sign-in.
    pub login: String,
    /// The reset, if one is open.
    pub reset_token: Option<SecretString>,
    /// What they wrote.
    pub message: String,
    /// Names the call.
    pub request_id: RequestId,
    /// Where they are.
    pub context: Context,
}

impl Identity {
    /// Files a help request, if there is anybody to file it for. Answers on the grid.
    #[tracing::instrument(skip_all, fields(tenant_id = %request.tenant_id))]
    pub(crate) async fn ask_for_help(&self, caller: &Caller, request: &AskForHelp) -> Result<(), Error> {
        self.on_grid(self.ask(caller, request)).await
    }

    async fn ask(&self, caller: &Caller, request: &AskForHelp) -> Result<(), Error> {
        let now = self.now();
        let scope = caller.scope(request.tenant_id)?;
        let message = Message::parse(&request.message)?;
        let call = self.help_call(caller, request, now);
        if let Some(()) = self.recall(&scope, &call, now).await? {
            return Ok(());
        }
        self.spend_help(caller, &request.context, now)
            .await
            .inspect_err(|error| self.note_limit(error, &scope, (caller, &request.context), now))?;
        let typed = TypedLogin::read(&request.login);
        let known = self.store.find_login(&scope, typed.login.as_ref()).await?;
        let known = known.ok_or(Refusal::TenantNotFound)?;
        let who = (caller, &request.context);
        let Some(account) = known.account.as_ref().filter(|_| known.policy.policy.help.enabled) else {
            let login = self.keys.login_key(scope.tenant_id(), typed.name(known.account.as_ref()));
            return self.drop_help(&scope, (&known, login), message, &call, who, now).await;
        };
        let proved = self.is_proved(caller, request, account, now);
        let id = HelpRequestId::generate(&*self.entropy, now);
        let filed = help_request(&known, account.id, message, proved, id, now);
        self.file(&scope, (&known, account), &filed, &call, who, now).await
    }

    fn help_call(&self, caller: &Caller, request: &AskForHelp, now: Timestamp) -> Repeatable {
        let call = Call {
            rpc: "RequestAdministratorHelp",
            who: caller.name(),
            tenant_id: request.tenant_id,
            request_id: request.request_id,
        };
        let reset_token = request.reset_token.as_ref().map_or("", |token| token.expose_secret());
        let content = [request.login.as_bytes(), reset_token.as_bytes(), request.message.as_bytes()];
        self.repeatable(call, &content, now)
    }

    /// There is nobody to help, and the same is done as if there were.
    async fn drop_help(
        &self,
        scope: &TenantScope,
        (known, login): (&Known, [u8; 32]),
        message: Message,
        call: &Repeatable,
        (caller, context): (&Caller, &Context),
        now: Timestamp,
    ) -> Result<(), Error> {
        let id = HelpRequestId::generate(&*self.entropy, now);
        let request = help_request(known, NOBODY, message, false, id, now);
        let event = self.event(scope.tenant_id(), EventKind::HelpRequested, Outcome::Refused, now);
        let event = event.on_subject(Subject::UnknownLogin(login)).from(context).through(caller);
        self.file_once(scope, &request, &event.because("nobody_to_help").done(), &[], call).await
    }

    /// Whether the reset that came along is alive, this account's, and has a proof.
    fn is_proved(&self, caller: &Caller, request: &AskForHelp, account: &Account, now: Timestamp) -> bool {
        let Some(shown) = &request.reset_token else { return false };
        self.open_reset(caller, shown).is_ok_and(|(_, state)| {
            !now.has_reached(state.expires_at)
                && !state.is_silent
                && !state.proofs.is_empty()
                && is_same(&state, account).is_ok()
        })
    }

    async fn file(
        &self,
        scope: &TenantScope,
        (known, account): (&Known, &Account),
        request: &HelpRequest,
        call: &Repeatable,
        (caller, context): (&Caller, &Context),
        now: Timestamp,
    ) -> Result<(), Error> {
        let notices = if request.proved {
            self.help_notices(scope, (&known.tenant, account), request, now).await?
        } else {
            Vec::new()
        };
        let event = self.event(scope.tenant_id(), EventKind::HelpRequested, Outcome::Success, now);
        let event = event.on(account.id).from(context).through(caller);
        let event = event.because(if request.proved { "proved" } else { "unproved" }).done();
        self.file_once(scope, request, &event, &notices, call).await
    }

    async fn file_once(
        &self,
        scope: &TenantScope,
        request: &HelpRequest,
        event: &AuditEvent,
        notices: &[Notice],
        call: &Repeatable,
    ) -> Result<(), Error> {
        let sealed = self.seal_answer(call, &());
        let answer = |(): &()| sealed.clone();
        let step = self.store.file_help(scope, request, event, notices, Some(call.once(&answer))).await?;
        self.settle::<Filing, (), ()>(call, step).map(|_| ())
    }

    async fn help_notices(
        &self,
        scope: &TenantScope,
        (tenant, account): (&Tenant, &Account),
        request: &HelpRequest,
        now: Timestamp,
    ) -> Result<Vec<Notice>, Error> {
        let addresses = self.help_addresses(scope, tenant, account).await?;
        let notify = Notify::person("help_request", tenant, account, now)
            .with("login", account.logins.first().map_or("", |login| login.as_str()))
            .with("message", request.message.as_str());
        Ok(self.notices(tenant.id, &addresses, None, &notify, now))
    }

    /// Where help requests of an account go: the tenant's mailbox, or the administrators nearest to the work. To a
    /// tenant that sends its people to a page of its own, nowhere: they are listed and not mailed.
    pub(crate) async fn help_addresses(
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
        Ok(addresses(administrators.iter().filter(|account| chosen.contains(&account.id))))
    }
}

/// A new request for help by this account, or in its name.
fn help_request(
    known: &Known,
    account_id: AccountId,
    message: Message,
    proved: bool,
    id: HelpRequestId,
    now: Timestamp,
) -> HelpRequest {
    HelpRequest {
        id,
        tenant_id: known.tenant.id,
        account_id,
        message,
        proved,
        state: HelpState::Open,
        handled_by: None,
        created_at: now,
        updated_at: now,
        expires_at: expires_at(known.policy.policy.help.expiry_days, now),
        version: 1,
    }
}

/// One mail address of each account: the one it has first.
pub(crate) fn addresses<'a>(accounts: impl Iterator<Item = &'a Account>) -> Vec<Destination> {
    accounts
        .filter_map(|account| {
            let told = told(&account.security_info, &[], account.updated_at);
            told.into_iter().find(|destination| destination.channel() == Channel::Email)
        })
        .collect()
}
