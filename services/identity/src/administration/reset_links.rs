//! One-time links that administrators have sent: how one is made, and what everybody hears of it.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::secret::ExposeSecret as _;

use super::Administration;
use crate::domain::account::Account;
use crate::domain::reset_link::{ResetLink, link_recipients};
use crate::notices::{NoticeContent, readable};
use crate::operation::{Error, Operation};
use crate::peers::notification::Lane;
use crate::store::outbox::Notice;

/// A link that is to be sent.
#[derive(derive_more::Debug)]
pub(super) struct PreparedLink {
    /// The mailboxes that get it.
    pub(super) to: Vec<Destination>,
    pub(super) expires_at: Timestamp,
    #[debug(skip)]
    url: String,
}

impl PreparedLink {
    /// Where it goes, as an administrator sees it.
    pub(super) fn masked(&self) -> Vec<String> {
        self.to.iter().map(Destination::masked).collect()
    }
}

impl Administration {
    /// A link for the account as it will be once its password is reset.
    pub(super) async fn prepare_link(
        &self,
        operation: &Operation<'_>,
        account: &Account,
    ) -> Result<PreparedLink, Error> {
        let policy = self.policies.policy(&operation.scope).await?;
        let to = link_recipients(account, &policy.reset, operation.now)?;
        let life = Duration::from_secs(self.tokens.settings.reset_link_life_seconds);
        let expires_at = operation.now.plus(life);
        let token = self.tokens.seal(&ResetLink {
            tenant_id: account.tenant_id,
            account_id: account.id,
            epoch: account.epoch.next(),
            recovery_version: account.recovery_version,
            expires_at,
        });
        let url = format!("{}/new-password?token={}", self.portal_url, token.expose_secret());
        Ok(PreparedLink { to, expires_at, url })
    }

    /// The mails with the link. After its end it would lead nowhere, so they are not sent then.
    pub(super) async fn link_mails(
        &self,
        operation: &Operation<'_>,
        account: &Account,
        link: &PreparedLink,
        lane: Lane,
    ) -> Result<Vec<Notice>, Error> {
        let tenant = self.policies.tenant(&operation.scope).await?;
        let content = NoticeContent::person("password_reset_link", &tenant, account, operation.now)
            .with("time", &readable(link.expires_at))
            .with_link(&link.url)
            .in_lane(lane);
        let in_time = |notice: Notice| Notice { not_after: notice.not_after.min(link.expires_at), ..notice };
        Ok(self.notices.to(&link.to, &content).into_iter().map(in_time).collect())
    }
}
