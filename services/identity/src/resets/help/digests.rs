//! Digests: what administrators are sent, now and then, of help requests that came without a proof.
//!
//! A stranger can file such requests in anybody's name, so they do not reach a mailbox one by one: each recipient gets
//! one digest of those that have waited for the tenant's interval. Two processes may try at once; one of them sends.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::id::TenantId;

use super::Help;
use crate::domain::account::Account;
use crate::domain::help::HelpRequest;
use crate::domain::scope::TenantScope;
use crate::domain::tenant::Tenant;
use crate::notices::{NoticeContent, VARIABLE_MAX, readable};
use crate::operation::Error;
use crate::store::outbox::Notice;

/// The shortest interval that a policy can ask for: no younger request can be due.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(15 * 60);

/// Most tenants that are read at a time.
const TENANTS_MAX: u32 = 100;

/// What one recipient is told of.
struct Digest<'a> {
    recipient: Destination,
    requests: Vec<&'a (HelpRequest, Account)>,
}

impl Help {
    /// Queues the digests that are due and gives of how many tenants. What is wrong with one tenant is logged and
    /// stops no other; a store that is away ends the round.
    pub(crate) async fn send_digests(&self) -> Result<u32, Error> {
        let now = self.clock.now();
        let before = now.minus(SHORTEST_INTERVAL);
        let (mut sent, mut after) = (0, None);
        loop {
            let tenants = self.store.tenants_with_undigested_help(before, after, TENANTS_MAX).await?;
            for tenant_id in tenants.iter().copied() {
                match self.digest_tenant(tenant_id, now).await {
                    Ok(is_sent) => sent += u32::from(is_sent),
                    Err(Error::Failed(failed)) if failed.is_unavailable() => return Err(failed.into()),
                    Err(error) => tracing::warn!(%tenant_id, %error, "a tenant's digest was left out"),
                }
            }
            match tenants.last() {
                Some(last) => after = Some(*last),
                None => return Ok(sent),
            }
        }
    }

    async fn digest_tenant(&self, tenant_id: TenantId, now: Timestamp) -> Result<bool, Error> {
        let scope = TenantScope::ours(tenant_id);
        let policy = self.policies.policy(&scope).await?;
        let interval = Duration::from_secs(60 * u64::from(policy.help.digest_minutes));
        let waiting = self.store.undigested_help(&scope).await?;
        let oldest = waiting.iter().map(|(request, _)| request.created_at).min();
        if !oldest.is_some_and(|oldest| now.has_reached(oldest.plus(interval))) {
            return Ok(false);
        }
        let notices = self.digests(&scope, &waiting, now).await?;
        let digested: Vec<_> = waiting.iter().map(|(request, _)| request.id).collect();
        Ok(self.store.help_digested(&scope, &digested, &notices, now).await?)
    }

    /// One digest for each recipient of any of the requests.
    async fn digests(
        &self,
        scope: &TenantScope,
        waiting: &[(HelpRequest, Account)],
        now: Timestamp,
    ) -> Result<Vec<Notice>, Error> {
        let tenant = self.policies.tenant(scope).await?;
        let mut digests: Vec<Digest<'_>> = Vec::new();
        for asked in waiting {
            for recipient in self.addresses(scope, &tenant, &asked.1).await? {
                match digests.iter_mut().find(|digest| digest.recipient == recipient) {
                    Some(digest) => digest.requests.push(asked),
                    None => digests.push(Digest { recipient, requests: vec![asked] }),
                }
            }
        }
        let notices = digests.iter().flat_map(|digest| {
            self.notices.to(std::slice::from_ref(&digest.recipient), &digest.content(&tenant, now))
        });
        Ok(notices.collect())
    }
}

impl Digest<'_> {
    fn content(&self, tenant: &Tenant, now: Timestamp) -> NoticeContent {
        // Lines of equal room: whoever writes much hides nobody else.
        let room = (VARIABLE_MAX / self.requests.len().max(1)).saturating_sub(1);
        let lines: Vec<String> =
            self.requests.iter().map(|(request, account)| line(request, account, room)).collect();
        NoticeContent::organisation("help_request_digest", tenant, now)
            .with("count", &self.requests.len().to_string())
            .with("requests", &lines.join("\n"))
    }
}

/// A request in a line of at most so many characters, the login first: it is what a line that is cut tells the longest.
fn line(request: &HelpRequest, account: &Account, room: usize) -> String {
    let login = account.logins.first().map_or("", |login| login.as_str());
    let message = request.message.as_str().replace('\n', " ");
    let whole = format!("{login}, {}: {message}", readable(request.created_at));
    if whole.chars().count() <= room {
        return whole;
    }
    whole.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
