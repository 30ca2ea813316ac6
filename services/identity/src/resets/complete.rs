//! Setting the new password: everything is judged again, then one step does all of it or nothing.

use std::time::Duration;

use rekey_primitives::id::RequestId;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{Continued, Resets};
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::domain::eligibility::JudgedAccount;
use crate::domain::password::Password;
use crate::domain::policy::Policy;
use crate::domain::reset::ResetState;
use crate::domain::reset::complete::{Completion, Stopped, has_its_proofs};
use crate::notices::NoticeContent;
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Caller, Context, Error, Operation, Origin, Repeatable, Rpc};
use crate::policies::TenantPolicy;
use crate::store::outbox::Notice;
use crate::store::resets;
use crate::store::sign_ins::{SessionsEnded, Stale};
use crate::tokens::Repudiation;

const RPC: Rpc = Rpc { name: "CompletePasswordReset", event: EventKind::ResetCompleted };

/// The new password.
#[derive(Debug)]
pub(crate) struct CompleteReset {
    /// The reset, with enough proofs.
    pub reset_token: SecretString,
    pub new_password: SecretString,
    pub request_id: RequestId,
    pub context: Context,
}

/// The password is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Completed {
    pub sessions_revoked: u32,
}

impl Resets {
    /// Sets the new password.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn complete(
        &self,
        caller: &Caller,
        request: &CompleteReset,
    ) -> Result<Completed, Error> {
        let origin = Origin { caller, context: &request.context };
        let Continued { operation, state } = self.go_on(RPC, origin, &request.reset_token)?;
        has_its_proofs(&state, &caller.hash(), operation.now)
            .map_err(|stopped| self.stopped(&operation, stopped))?;
        self.credentials.check_room()?;
        let content =
            [request.reset_token.expose_secret().as_bytes(), request.new_password.expose_secret().as_bytes()];
        let named = Request { who: caller.name(), id: request.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run(&operation, self.set_password(&operation, &state, &request.new_password)).await
    }

    async fn set_password(
        &self,
        operation: &Repeatable<'_>,
        state: &ResetState,
        new_password: &SecretString,
    ) -> Result<Answer<Completed>, Error> {
        let scope = &operation.scope;
        let policy = self.policies.reset_policy(scope).await?;
        let judged = self.judged_today(scope, state, &policy, operation.now).await?;
        let may_set = self.may_set(operation, state, judged.as_ref(), &policy).await?;
        let account = may_set.map_err(|stopped| self.stopped(operation, stopped))?;
        let login = self.keys.login_key_of(account);
        let _turn = self.credentials.turn(&login).await?;
        self.limits.consume_hash(operation, &login).await?;
        let rules = TenantPolicy { tenant: self.policies.tenant(scope).await?, policy };
        let password = Password::typed(new_password);
        let reset = resets::CompleteReset {
            account_id: account.id,
            epoch: state.epoch,
            recovery_version: state.recovery_version,
            password: self.credentials.choose(operation, account, &rules, &password).await?,
            history: rules.policy.password.history,
            login,
            event: self.audit.event(operation).done(),
            notices: self.reset_notices(operation, account, &rules).await?,
            now: operation.now,
        };
        let answering = self
            .idempotency
            .answering(operation.key, |ended: &SessionsEnded| Completed { sessions_revoked: ended.0 });
        let step = self.store.complete_reset(scope, &reset, Some(answering.once())).await?;
        answering.settle(step)?.map_err(|Stale| self.stopped(operation, Stopped::EpochPassed))
    }

    /// Whether the reset may set a password. An attempt is counted only where it would otherwise be let through, so
    /// that nobody without proofs writes a row, and once however often its call is repeated.
    async fn may_set<'a>(
        &self,
        operation: &Repeatable<'_>,
        state: &ResetState,
        judged: Option<&'a JudgedAccount>,
        policy: &Policy,
    ) -> Result<Result<&'a Account, Stopped>, Error> {
        let caller = &operation.origin.caller.hash();
        let now = operation.now;
        let completion = Completion { state, caller, judged, policy, now };
        if let Err(stopped) = completion.may_set_password(0) {
            return Ok(Err(stopped));
        }
        let request = operation.key.fingerprint();
        let attempts = self
            .store
            .count_completion_attempt(&operation.scope, state.reset_id, &request, state.expires_at, now)
            .await?;
        if let Err(stopped) = completion.may_set_password(attempts) {
            return Ok(Err(stopped));
        }
        Ok(judged.map(|judged| &judged.account).ok_or(Stopped::NoAccount))
    }

    /// Every notified address learns of the reset, with the link that undoes it, and the global administrators of that of an
    /// administrator.
    pub(super) async fn reset_notices(
        &self,
        operation: &Operation<'_>,
        account: &Account,
        rules: &TenantPolicy,
    ) -> Result<Vec<Notice>, Error> {
        let (scope, context, now) = (&operation.scope, operation.origin.context, operation.now);
        let content = NoticeContent::person("password_reset_notice", &rules.tenant, account, now)
            .in_language(context.locale.as_ref())
            .with("place", &context.place())
            .with_link(&self.repudiation_link(operation, account));
        let notified = self.notices.notified(scope, account, now).await?;
        let mut notices = self.notices.to(&notified, &content);
        if account.is_administrator() && rules.policy.notices.tell_global_administrators {
            notices.extend(self.notices.administrator_reset(scope, &rules.tenant, account, now).await?);
        }
        Ok(notices)
    }

    fn repudiation_link(&self, operation: &Operation<'_>, account: &Account) -> String {
        let life = Duration::from_secs(self.tokens.settings.repudiation_life_seconds);
        let token = self.tokens.seal(&Repudiation {
            tenant_id: account.tenant_id,
            account_id: account.id,
            epoch: account.epoch.next(),
            expires_at: operation.now.plus(life),
        });
        format!("{}/not-me?token={}", self.portal_url, token.expose_secret())
    }
}
