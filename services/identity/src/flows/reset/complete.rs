//! Setting the new password: everything is judged again, then one step does all of it or nothing.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{Judged, caller_hash};
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Outcome};
use crate::domain::authority::Role;
use crate::domain::help::RECIPIENTS_MAX;
use crate::domain::password::Password;
use crate::domain::policy::Policy;
use crate::domain::reset::ResetState;
use crate::domain::reset::complete::{Stopped, may_complete};
use crate::domain::scope::TenantScope;
use crate::domain::tenant::Tenant;
use crate::flows::notices::Notify;
use crate::flows::once::{Call, Settled};
use crate::flows::tokens::Repudiation;
use crate::flows::{Caller, Context, Error, Identity};
use crate::store::outbox::Notice;
use crate::store::resets;
use crate::store::sign_ins::{SessionsEnded, Stale};

/// The new password.
#[derive(Debug)]
pub(crate) struct CompleteReset {
    /// The reset, with enough proofs.
    pub reset_token: SecretString,
    /// The new password.
    pub new_password: SecretString,
    /// Names the call.
    pub request_id: RequestId,
    /// Where the person is.
    pub context: Context,
}

/// The password is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Completed {
    /// How many sessions ended.
    pub sessions_revoked: u32,
}

impl Identity {
    /// Sets the new password.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn complete_reset(
        &self,
        caller: &Caller,
        request: &CompleteReset,
    ) -> Result<Completed, Error> {
        let now = self.now();
        let (scope, state) = self.open_reset(caller, &request.reset_token)?;
        let call = self.repeatable(
            Call {
                rpc: "CompletePasswordReset",
                who: caller.name(),
                tenant_id: state.tenant_id,
                request_id: request.request_id,
            },
            &[
                request.reset_token.expose_secret().as_bytes(),
                request.new_password.expose_secret().as_bytes(),
            ],
            now,
        );
        if let Some(kept) = self.recall::<Completed>(&scope, &call, now).await? {
            return Ok(kept);
        }
        let who = (caller, &request.context);
        let stopped = |why| self.stopped(EventKind::ResetCompleted, why, &state, who, now);
        let policy = self.reset_policy(&scope).await?;
        let judged = self.judged_today(&scope, &state, &policy, now).await?;
        let attempt = (caller, call.fingerprint());
        let judged = self.may_set(&scope, &state, judged, &policy, attempt, now).await?.map_err(stopped)?;
        let tenant = self.tenant(&scope).await?;
        let set = self.set_by_reset(&scope, (&state, &judged.account), (&tenant, &policy), request, who, now);
        let set = set.await?;
        let answer =
            |ended: &SessionsEnded| self.seal_answer(&call, &Completed { sessions_revoked: ended.0 });
        let step = self.store.complete_reset(&scope, &set, Some(call.once(&answer))).await?;
        match self.settle::<SessionsEnded, Stale, Completed>(&call, step)? {
            Settled::Done(ended) => Ok(Completed { sessions_revoked: ended.0 }),
            Settled::Repeated(kept) => Ok(kept),
            Settled::Refused(Stale) => Err(stopped(Stopped::EpochPassed)),
        }
    }

    /// Whether the reset may set a password. An attempt is counted only where it would otherwise be let through, so
    /// that nobody without proofs writes a row, and once however often its call is repeated.
    async fn may_set(
        &self,
        scope: &TenantScope,
        state: &ResetState,
        judged: Option<Judged>,
        policy: &Policy,
        (caller, request): (&Caller, [u8; 32]),
        now: Timestamp,
    ) -> Result<Result<Judged, Stopped>, Error> {
        let hash = caller_hash(caller);
        let judge = |judged: &Option<Judged>, attempts| {
            let account = judged.as_ref().map(|judged| (&judged.account, &judged.judgement));
            may_complete(state, &hash, account, attempts, policy, now)
        };
        if let Err(stopped) = judge(&judged, 0) {
            return Ok(Err(stopped));
        }
        let attempts =
            self.store.count_attempt(scope, state.reset_id, &request, state.expires_at, now).await?;
        if let Err(stopped) = judge(&judged, attempts) {
            return Ok(Err(stopped));
        }
        Ok(judged.ok_or(Stopped::NoAccount))
    }

    /// Judges and hashes the password, and puts together everything that belongs to the step.
    async fn set_by_reset(
        &self,
        scope: &TenantScope,
        (state, account): (&ResetState, &Account),
        (tenant, policy): (&Tenant, &Policy),
        request: &CompleteReset,
        who: (&Caller, &Context),
        now: Timestamp,
    ) -> Result<resets::CompleteReset, Error> {
        let candidate = Password::typed(&request.new_password);
        let judged = self.judge_new_password(scope, account, (tenant, policy), &candidate).await;
        let event = self.reset_event(EventKind::ResetCompleted, Outcome::Refused, state, who, now);
        self.note_refused_password(&judged, event);
        judged?;
        let password = self.new_password_record(account, &candidate, now).await?;
        let mut notices = self.reset_notices(scope, (tenant, account), who.1, now).await?;
        notices.extend(self.administrator_alarms(scope, (tenant, account), policy, now).await?);
        Ok(resets::CompleteReset {
            account_id: account.id,
            epoch: state.epoch,
            recovery_version: state.recovery_version,
            password,
            history: policy.password.history,
            login: self.keys.login_key_of(account),
            event: self.reset_event(EventKind::ResetCompleted, Outcome::Success, state, who, now).done(),
            notices,
            now,
        })
    }

    /// Every told address learns of the reset, with the link that undoes it.
    async fn reset_notices(
        &self,
        scope: &TenantScope,
        (tenant, account): (&Tenant, &Account),
        context: &Context,
        now: Timestamp,
    ) -> Result<Vec<Notice>, Error> {
        let life = Duration::from_secs(self.settings.tokens.repudiation_life_seconds);
        let token = Repudiation {
            tenant_id: tenant.id.as_uuid(),
            account_id: account.id.as_uuid(),
            epoch: account.epoch.next().0,
            expires_at: now.plus(life).unix_micros(),
        };
        let token = self.keys.seal_token(&*self.entropy, &token);
        let link = format!("{}/not-me?token={}", self.settings.portal_url, token.expose_secret());
        let notify = Notify::person("password_reset_notice", tenant, account, now)
            .with("place", &context.place())
            .with_link(&link);
        let told = self.told(scope, account, now).await?;
        Ok(self.notices(tenant.id, &told, context.locale.as_ref(), &notify, now))
    }

    /// An administrator's account is the one worth stealing, so the global administrators hear of its reset.
    async fn administrator_alarms(
        &self,
        scope: &TenantScope,
        (tenant, account): (&Tenant, &Account),
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Vec<Notice>, Error> {
        if !account.is_administrator() || !policy.notices.tell_global_administrators {
            return Ok(Vec::new());
        }
        let administrators = self.store.administrators(scope).await?;
        let others = administrators
            .iter()
            .filter(|other| other.id != account.id && other.roles.contains(Role::GlobalAdministrator));
        let addresses = super::help::addresses(others.take(RECIPIENTS_MAX));
        let notify = Notify::alarm("administrator_reset_alarm", tenant, account, now);
        Ok(self.notices(tenant.id, &addresses, None, &notify, now))
    }
}
