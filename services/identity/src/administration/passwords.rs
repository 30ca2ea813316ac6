//! Other people's passwords, reset by administrators: generated, given, to be changed, or chosen by a one-time link.
//!
//! Actor and target are judged on the account as it is read and the step writes only if it is still that. A generated password
//! is shown in the answer, which is stored sealed for a repeat, and nowhere else.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, RequestId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::Administration;
use super::reset_links::PreparedLink;
use crate::domain::account::{Account, PasswordRecord};
use crate::domain::audit::{AuditEvent, EventKind, Subject};
use crate::domain::authority::Permission;
use crate::domain::password::rules::PasswordContext;
use crate::domain::password::speakable::speakable;
use crate::domain::password::{Password, evaluate};
use crate::domain::policy::PasswordRules;
use crate::domain::refusal::Refusal;
use crate::notices::NoticeContent;
use crate::operation::idempotency::{Answer, Request, sealed_secret};
use crate::operation::{Administrator, Error, Failed, JUDGED_AT_MOST, Operation, Repeatable, Rpc, Target};
use crate::peers::notification::Lane;
use crate::policies::TenantPolicy;
use crate::store::outbox::Notice;
use crate::store::resets::{AdministratorReset, PasswordAfter, PasswordReset};
use crate::views::AccountView;

const RESET: Rpc = Rpc { name: "ResetPassword", event: EventKind::PasswordResetByAdministrator };
const BATCH: Rpc = Rpc { name: "BatchResetPasswords", event: EventKind::PasswordResetByAdministrator };

pub(crate) const PERMISSION: Permission = Permission::ResetPassword;

/// How many accounts one batch may name: a class of a school, and few enough to be hashed within one call.
pub(crate) const BATCH_MAX: usize = 40;

/// How often a password is drawn anew that holds a name or a banned term by chance. One in thousands does.
const DRAWN_AT_MOST: u32 = 20;

/// What becomes of a password.
#[derive(Debug, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum ResetMode {
    /// One that can be read out is drawn.
    Generate,
    /// This one is set.
    Set(SecretString),
    /// It stays and must be changed.
    RequireChange,
    /// It stops serving, and a one-time link to choose another one is mailed.
    Link,
}

/// A password that was reset.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PasswordResetView {
    pub account: AccountView,
    /// Empty where none was generated.
    #[serde(with = "sealed_secret")]
    pub generated_password: SecretString,
    /// When a temporary one is over.
    pub expires_at: Option<Timestamp>,
    pub sessions_revoked: u32,
    /// When the link stops working, where one was sent. Absent in answers kept by an older release.
    #[serde(default)]
    pub link_expires_at: Option<Timestamp>,
    /// Where the link went.
    #[serde(default)]
    pub masked_destinations: Vec<String>,
}

/// Several passwords to reset.
#[derive(Debug)]
pub(crate) struct Batch {
    pub tenant_id: TenantId,
    pub account_ids: Vec<AccountId>,
    pub mode: ResetMode,
    pub request_id: RequestId,
}

/// A password to be written.
pub(super) struct Prepared {
    after: PasswordAfter,
    generated: SecretString,
    expires_at: Option<Timestamp>,
    link: Option<PreparedLink>,
}

impl ResetMode {
    fn as_str(&self) -> &'static str {
        self.into()
    }

    /// What a repeat has to say again.
    fn content(&self) -> [&[u8]; 2] {
        let given = match self {
            Self::Set(password) => password.expose_secret(),
            Self::Generate | Self::RequireChange | Self::Link => "",
        };
        [self.as_str().as_bytes(), given.as_bytes()]
    }
}

impl Administration {
    /// Resets the password of one account.
    pub(crate) async fn reset_password(
        &self,
        administrator: &Administrator,
        target: Target,
        mode: &ResetMode,
    ) -> Result<PasswordResetView, Error> {
        self.reset_as(RESET, administrator, target, mode).await
    }

    /// Resets several, one after the other, each with its own outcome. The ids of a batch are the ids of its parts, so a
    /// repeat of one that was cut off goes on where that one ended.
    pub(crate) async fn reset_passwords(
        &self,
        administrator: &Administrator,
        batch: &Batch,
    ) -> Result<Vec<Result<PasswordResetView, Error>>, Error> {
        let operation = self.authorisation.operation(BATCH, administrator, batch.tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, PERMISSION).await?;
        let ids: Vec<u8> = batch.account_ids.iter().flat_map(|id| id.as_uuid().into_bytes()).collect();
        let who = administrator.name();
        let [mode, given] = batch.mode.content();
        let named = Request { who: &who, id: batch.request_id, content: &[&ids, mode, given] };
        let operation = self.idempotency.named(operation, named);
        // Binds the id to its list before anything is done under it.
        self.idempotency.run_unrecalled(&operation, async { Ok(Answer::to_store(())) }).await?;
        let mut outcomes = Vec::with_capacity(batch.account_ids.len());
        for account_id in &batch.account_ids {
            let part = operation.key.request_id("part", &[account_id.as_uuid().as_bytes()]);
            let request_id = RequestId::from_uuid(part);
            let target = Target { tenant_id: batch.tenant_id, account_id: *account_id, request_id };
            outcomes.push(self.reset_as(BATCH, administrator, target, &batch.mode).await);
        }
        Ok(outcomes)
    }

    async fn reset_as(
        &self,
        rpc: Rpc,
        administrator: &Administrator,
        target: Target,
        mode: &ResetMode,
    ) -> Result<PasswordResetView, Error> {
        let operation = self
            .authorisation
            .operation(rpc, administrator, target.tenant_id)?
            .on(Subject::Account(target.account_id));
        self.authorisation.authorise_in_tenant(&operation, administrator, PERMISSION).await?;
        let (who, account) = (administrator.name(), target.account_id.as_uuid());
        let [mode_name, given] = mode.content();
        let content = [account.as_bytes().as_slice(), mode_name, given];
        let named = Request { who: &who, id: target.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        let work = self.reset_once(&operation, administrator, target.account_id, mode);
        // Whether they still may is judged before an earlier answer is given.
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn reset_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        account_id: AccountId,
        mode: &ResetMode,
    ) -> Result<Answer<PasswordResetView>, Error> {
        for _ in 0..JUDGED_AT_MOST {
            let account = self.reached(operation, administrator, account_id, PERMISSION).await?;
            if account.managed_elsewhere {
                return Err(Refusal::PasswordManagedElsewhere.into());
            }
            let prepared = self.prepared(operation, &account, mode).await?;
            let event = self.audit.event(operation).because(mode.as_str()).done();
            let reset = self.reset_of(operation, &account, &prepared, event, Lane::Transactional).await?;
            let answering = self.idempotency.answering(operation.key, |done| prepared.view(done));
            let once = Some(answering.once());
            let step = self.store.reset_by_administrator(&operation.scope, &reset, once).await?;
            if let Ok(answer) = answering.settle(step)? {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }

    /// The password as it is to be written, hashed where there is a new one.
    pub(super) async fn prepared(
        &self,
        operation: &Operation<'_>,
        account: &Account,
        mode: &ResetMode,
    ) -> Result<Prepared, Error> {
        if matches!(mode, ResetMode::RequireChange) {
            if account.password.is_none() {
                return Err(Refusal::NoPassword.into());
            }
            let expires_at = account.password.as_ref().and_then(|password| password.temporary_until);
            return Ok(Prepared { expires_at, ..Prepared::without_password(PasswordAfter::MustChange) });
        }
        if matches!(mode, ResetMode::Link) {
            let link = Some(self.prepare_link(operation, account).await?);
            let expires_at = account.password.is_some().then_some(operation.now);
            return Ok(Prepared { expires_at, link, ..Prepared::without_password(PasswordAfter::Void) });
        }
        let login = self.keys.login_key_of(account);
        let _turn = self.credentials.turn(&login).await?;
        self.limits.consume_hash(operation, &login).await?;
        let policy = self.policies.policy(&operation.scope).await?;
        let rules = TenantPolicy { tenant: self.policies.tenant(&operation.scope).await?, policy };
        let (record, generated) = match mode {
            ResetMode::Set(given) => {
                let given = Password::typed(given);
                let record = self.credentials.choose(operation, account, &rules, &given).await?;
                (record, SecretString::from(""))
            }
            ResetMode::Generate | ResetMode::RequireChange | ResetMode::Link => {
                let drawn = self.drawn(account, &rules)?;
                let typed = Password::typed(&drawn);
                (self.credentials.record(account, &typed, operation.now).await?, drawn)
            }
        };
        let record = temporary(record, &rules.policy.password, operation.now);
        let expires_at = record.temporary_until;
        let after = PasswordAfter::New { record, history: rules.policy.password.history };
        Ok(Prepared { after, generated, expires_at, link: None })
    }

    /// A password that can be read out and that the rules take. History is not asked: nobody drew it before.
    fn drawn(&self, account: &Account, rules: &TenantPolicy) -> Result<SecretString, Error> {
        let (context, rules) = (PasswordContext::of(account, &rules.tenant), &rules.policy.password);
        let mut drawn = speakable(&*self.entropy, rules.minimum_length);
        for _ in 0..DRAWN_AT_MOST {
            if evaluate(&Password::typed(&drawn), rules, &context).is_good() {
                return Ok(drawn);
            }
            drawn = speakable(&*self.entropy, rules.minimum_length);
        }
        // The tenant's rules leave no room for one that can be read out; the verdict says which.
        Err(Refusal::PasswordRefused(evaluate(&Password::typed(&drawn), rules, &context)).into())
    }

    pub(super) async fn reset_of(
        &self,
        operation: &Operation<'_>,
        account: &Account,
        prepared: &Prepared,
        event: AuditEvent,
        lane: Lane,
    ) -> Result<AdministratorReset, Error> {
        let mut notices = self.reset_notices(operation, account, prepared, lane).await?;
        if let Some(link) = &prepared.link {
            notices.extend(self.link_mails(operation, account, link, lane).await?);
        }
        Ok(AdministratorReset {
            account_id: account.id,
            version: account.version,
            password: prepared.after.clone(),
            login: self.keys.login_key_of(account),
            event,
            notices,
            now: operation.now,
        })
    }

    /// Every notified address learns of it, but for those that get the link, and other global administrators if it is an
    /// administrator's password.
    async fn reset_notices(
        &self,
        operation: &Operation<'_>,
        account: &Account,
        prepared: &Prepared,
        lane: Lane,
    ) -> Result<Vec<Notice>, Error> {
        let (scope, now) = (&operation.scope, operation.now);
        let tenant = self.policies.tenant(scope).await?;
        let content = NoticeContent::person("password_reset_by_administrator_notice", &tenant, account, now)
            .in_lane(lane);
        let mut notified = self.notices.notified(scope, account, now).await?;
        let linked = prepared.link.as_ref().map(|link| link.to.as_slice()).unwrap_or_default();
        notified.retain(|address| !linked.iter().any(|to| to.canonical() == address.canonical()));
        let mut notices = self.notices.to(&notified, &content);
        if account.is_administrator() && self.policies.policy(scope).await?.notices.tell_global_administrators
        {
            notices.extend(self.notices.administrator_reset(scope, &tenant, account, now).await?);
        }
        Ok(notices)
    }
}

impl Prepared {
    fn without_password(after: PasswordAfter) -> Self {
        Self { after, generated: SecretString::from(""), expires_at: None, link: None }
    }

    fn view(&self, done: &PasswordReset) -> PasswordResetView {
        PasswordResetView {
            account: AccountView::from(&done.account),
            generated_password: self.generated.clone(),
            expires_at: self.expires_at,
            sessions_revoked: done.sessions_ended,
            link_expires_at: self.link.as_ref().map(|link| link.expires_at),
            masked_destinations: self.link.as_ref().map(PreparedLink::masked).unwrap_or_default(),
        }
    }
}

/// A password that serves for one thing, and not for long.
fn temporary(record: PasswordRecord, rules: &PasswordRules, now: Timestamp) -> PasswordRecord {
    let life = Duration::from_secs(3_600 * u64::from(rules.temporary_life_hours));
    PasswordRecord { must_change: true, temporary_until: Some(now.plus(life)), ..record }
}

#[cfg(test)]
mod tests;
