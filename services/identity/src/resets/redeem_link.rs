//! A new password by the one-time link that an administrator had sent.
//!
//! The administrator stands in for the start of the reset and the mail for its proof, so what is left is its end: judged by
//! today's rules, one step that does everything or nothing, and the epoch that it raises has spent the link.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{RequestId, ResetId, from_digest};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_sealing::digest;
use serde::{Deserialize, Serialize};

use super::Resets;
use crate::credentials::ProvedAccount;
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Subject};
use crate::domain::password::Password;
use crate::domain::refusal::Refusal;
use crate::domain::reset_link::{LinkVoid, ResetLink};
use crate::domain::scope::TenantScope;
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Caller, Context, Error, Operation, Origin, Repeatable, Rpc};
use crate::policies::TenantPolicy;
use crate::store::accounts::AccountKey;
use crate::store::resets;
use crate::store::sign_ins::{SessionsEnded, Stale};

const RPC: Rpc = Rpc { name: "RedeemResetLink", event: EventKind::ResetLinkRedeemed };

/// A link, and the password its reader chose.
#[derive(Debug)]
pub(crate) struct RedeemLink {
    /// The token of the link.
    pub link_token: SecretString,
    pub new_password: SecretString,
    pub request_id: RequestId,
    pub context: Context,
}

/// The password is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LinkRedeemed {
    pub sessions_revoked: u32,
}

impl Resets {
    /// Sets the password of the account that the link is for.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn redeem_link(
        &self,
        caller: &Caller,
        request: &RedeemLink,
    ) -> Result<LinkRedeemed, Error> {
        let shown = &request.link_token;
        let (scope, link) = self.open_link(caller, shown)?;
        self.credentials.check_room()?;
        let origin = Origin { caller, context: &request.context };
        let operation =
            Operation::new(RPC, scope, origin, self.clock.now()).on(Subject::Account(link.account_id));
        let content = [shown.expose_secret().as_bytes(), request.new_password.expose_secret().as_bytes()];
        let named = Request { who: caller.name(), id: request.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run(&operation, self.redeem(&operation, &link, &request.new_password)).await
    }

    /// The account whose password a link may set now, for whoever helps to choose one. No attempt of the link is counted.
    pub(crate) async fn account_of_link(
        &self,
        caller: &Caller,
        shown: &SecretString,
        now: Timestamp,
    ) -> Result<ProvedAccount, Error> {
        let (scope, link) = self.open_link(caller, shown)?;
        self.limits.consume_evaluation(&name_of(&link), now).await?;
        let found = self.store.find_account(&scope, &AccountKey::Id(link.account_id)).await?;
        let account = link.redeemable(found.as_ref(), now).map_err(LinkVoid::refusal)?.clone();
        let policy = self.policies.policy(&scope).await?;
        Ok(ProvedAccount { scope, account, policy })
    }

    /// Opens a link of a tenant that the caller reaches. Whether it still works is judged by the account.
    fn open_link(&self, caller: &Caller, shown: &SecretString) -> Result<(TenantScope, ResetLink), Refusal> {
        let link: ResetLink = self.tokens.open(shown).ok_or(Refusal::ResetLinkInvalid)?;
        let scope = caller.scope(link.tenant_id).map_err(|_| Refusal::ResetLinkInvalid)?;
        Ok((scope, link))
    }

    async fn redeem(
        &self,
        operation: &Repeatable<'_>,
        link: &ResetLink,
        new_password: &SecretString,
    ) -> Result<Answer<LinkRedeemed>, Error> {
        let (scope, now) = (&operation.scope, operation.now);
        let found = self.store.find_account(scope, &AccountKey::Id(link.account_id)).await?;
        let redeemable = link.redeemable(found.as_ref(), now);
        let account = redeemable.map_err(|void| self.link_void(operation, void))?;
        let policy = self.policies.policy(scope).await?;
        let attempts = self.attempts_of_link(operation, link).await?;
        if attempts >= policy.reset.attempts_per_reset {
            return Err(self.link_void(operation, LinkVoid::AttemptsExhausted));
        }
        let rules = TenantPolicy { tenant: self.policies.tenant(scope).await?, policy };
        self.set_by_link(operation, link, account, &rules, &Password::typed(new_password)).await
    }

    async fn set_by_link(
        &self,
        operation: &Repeatable<'_>,
        link: &ResetLink,
        account: &Account,
        rules: &TenantPolicy,
        password: &Password,
    ) -> Result<Answer<LinkRedeemed>, Error> {
        let login = self.keys.login_key_of(account);
        let _turn = self.credentials.turn(&login).await?;
        self.limits.consume_hash(operation, &login).await?;
        let reset = resets::CompleteReset {
            account_id: account.id,
            epoch: link.epoch,
            recovery_version: link.recovery_version,
            password: self.credentials.choose(operation, account, rules, password).await?,
            history: rules.policy.password.history,
            login,
            event: self.audit.event(operation).done(),
            notices: self.reset_notices(operation, account, rules).await?,
            now: operation.now,
        };
        let answering = self
            .idempotency
            .answering(operation.key, |ended: &SessionsEnded| LinkRedeemed { sessions_revoked: ended.0 });
        let step = self.store.complete_reset(&operation.scope, &reset, Some(answering.once())).await?;
        answering.settle(step)?.map_err(|Stale| self.link_void(operation, LinkVoid::EpochPassed))
    }

    /// How many passwords were tried by the link before, this call counted once however often it is repeated: the rule of
    /// history tells whoever may ask without end what the password was.
    async fn attempts_of_link(&self, operation: &Repeatable<'_>, link: &ResetLink) -> Result<u32, Error> {
        let reset_id = ResetId::from_uuid(from_digest(&name_of(link)));
        let request = operation.key.fingerprint();
        let (scope, ends, now) = (&operation.scope, link.expires_at, operation.now);
        Ok(self.store.count_completion_attempt(scope, reset_id, &request, ends, now).await?)
    }

    fn link_void(&self, operation: &Operation<'_>, void: LinkVoid) -> Error {
        self.audit.note_refused(operation, void.as_str());
        void.refusal().into()
    }
}

/// Names a link in counters.
fn name_of(link: &ResetLink) -> [u8; 32] {
    let parts = [link.tenant_id.as_uuid(), link.account_id.as_uuid()].map(uuid::Uuid::into_bytes);
    let numbers = [link.epoch.0, link.recovery_version.0].map(i64::to_be_bytes);
    digest(&[b"reset link", &parts[0], &parts[1], &numbers[0], &numbers[1]])
}
