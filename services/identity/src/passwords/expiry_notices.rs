//! Notices, ahead of time, that a password expires.
//!
//! A tenant that lets passwords expire has each person notified 14, 7 and 1 days before, once for each password. Several
//! processes may look at once; the step that marks a notice as sent queues it, and lets one of them do so.

use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::AccountId;

use crate::domain::account::Account;
use crate::domain::password::expiry::{PasswordState, expires_at, notice_spans, password_state};
use crate::domain::scope::TenantScope;
use crate::domain::security_info::notified;
use crate::domain::tenant::Tenant;
use crate::notices::{NoticeContent, Notices, readable};
use crate::operation::Error;
use crate::policies::{Policies, TenantPolicy};
use crate::store::Store;
use crate::store::expiry::ExpiryNotice;
use crate::store::outbox::Notice;

/// Most tenants that are read at a time.
const TENANTS_MAX: u32 = 100;

/// Most accounts that are looked at in one step: some milliseconds of a database's time.
const ACCOUNTS_MAX: u32 = 500;

/// The job.
#[derive(Clone)]
pub(crate) struct ExpiryNotices {
    pub store: Store,
    pub clock: SharedClock,
    pub policies: Policies,
    pub notices: Notices,
}

impl ExpiryNotices {
    /// Queues the notices that are due and gives how many people they go to. What is wrong with one tenant is logged and
    /// stops no other; a store that is away ends the round. `goes_on` is asked between two looks, so that a process
    /// that is to stop is not held up: what is left is found by the next round.
    pub(crate) async fn send_due(&self, goes_on: impl Fn() -> bool + Sync) -> Result<u32, Error> {
        let now = self.clock.now();
        let (mut people, mut after) = (0, None);
        loop {
            let tenants = self.store.list_tenants((None, false), after, TENANTS_MAX).await?;
            for tenant in &tenants {
                match self.send_in_tenant(tenant, &goes_on, now).await {
                    Ok(notified) => people += notified,
                    Err(Error::Failed(failed)) if failed.is_unavailable() => return Err(failed.into()),
                    Err(error) => {
                        tracing::warn!(tenant_id = %tenant.id, %error, "a tenant's expiry notices were left out");
                    }
                }
            }
            match tenants.last() {
                Some(last) if goes_on() => after = Some(last.id),
                _ => return Ok(people),
            }
        }
    }

    async fn send_in_tenant(
        &self,
        tenant: &Tenant,
        goes_on: &(impl Fn() -> bool + Sync),
        now: Timestamp,
    ) -> Result<u32, Error> {
        let scope = TenantScope::ours(tenant.id);
        let rules = TenantPolicy { tenant: tenant.clone(), policy: self.policies.policy(&scope).await? };
        let Some(expiry_days) = rules.policy.password.expiry_days else { return Ok(0) };
        let spans = notice_spans(expiry_days, now);
        let (mut people, mut after): (u32, Option<AccountId>) = (0, None);
        while goes_on() {
            let looked = self.store.expiring(&scope, &spans, after, ACCOUNTS_MAX).await?;
            for (account, days) in &looked.due {
                let Some(tell) = self.expiry_notice(&rules, account, *days, now) else { continue };
                people += u32::from(self.store.queue_expiry_notice(&scope, &tell).await?);
            }
            match looked.last {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        Ok(people)
    }

    /// The notice for an account; `None` where nothing expires after all, or there is nowhere to send it.
    fn expiry_notice(
        &self,
        rules: &TenantPolicy,
        account: &Account,
        notice_days: u32,
        now: Timestamp,
    ) -> Option<ExpiryNotice> {
        let record = account.password.as_ref()?;
        let TenantPolicy { tenant, policy } = rules;
        let PasswordState::ExpiresIn { days } = password_state(record, &policy.password, now) else {
            return None;
        };
        let end = expires_at(record, &policy.password)?;
        let content = NoticeContent::person("password_expiry_notice", tenant, account, now)
            .with("days", &days.to_string())
            .with("time", &readable(end));
        let notices = self.notices.to(&reachable(account, now), &content);
        // After the end it would be news of the past.
        let in_time = |notice: Notice| Notice { not_after: notice.not_after.min(end), ..notice };
        let notices: Vec<Notice> = notices.into_iter().map(in_time).collect();
        (!notices.is_empty()).then_some(ExpiryNotice {
            account_id: account.id,
            epoch: account.epoch,
            counts_from: record.expiry_counts_from,
            days: notice_days,
            notices,
            now,
        })
    }
}

/// Where a reminder goes: to the person's mailboxes, and to phones only where there is none, since it tells of nothing
/// that has happened and text messages cost money.
fn reachable(account: &Account, now: Timestamp) -> Vec<Destination> {
    let (mailboxes, phones): (Vec<_>, Vec<_>) = notified(&account.security_info, &[], now)
        .into_iter()
        .partition(|destination| destination.channel() == Channel::Email);
    if mailboxes.is_empty() { phones } else { mailboxes }
}

#[cfg(test)]
mod tests;
