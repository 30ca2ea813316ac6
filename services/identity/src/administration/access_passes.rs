//! Temporary access passes, issued and ended by administrators.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;
use rekey_primitives::secret::SecretString;
use serde::{Deserialize, Serialize};

use super::Administration;
use crate::domain::access_pass::{draw, normal};
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Subject};
use crate::domain::authority::Permission;
use crate::notices::NoticeContent;
use crate::operation::idempotency::{Answer, Request, sealed_secret};
use crate::operation::{Administrator, Error, Failed, JUDGED_AT_MOST, Operation, Repeatable, Rpc, Target};
use crate::store::outbox::Notice;
use crate::store::sign_ins::IssuePass;

const ISSUE: Rpc = Rpc { name: "IssueTemporaryAccessPass", event: EventKind::AccessPassIssued };
const REVOKE: Rpc = Rpc { name: "RevokeTemporaryAccessPass", event: EventKind::AccessPassRevoked };

pub(crate) const PERMISSION: Permission = Permission::IssueAccessPass;

/// What kind of pass.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PassShape {
    /// In characters, of `access_pass::LENGTHS`.
    pub length: usize,
    /// Of `access_pass::LIVES`.
    pub life: Duration,
    pub one_time: bool,
}

/// A pass that was issued.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct IssuedPass {
    #[serde(with = "sealed_secret")]
    pub access_pass: SecretString,
    pub expires_at: Timestamp,
}

impl Administration {
    /// Issues a pass in place of the one that the account has.
    pub(crate) async fn issue_pass(
        &self,
        administrator: &Administrator,
        target: Target,
        shape: PassShape,
    ) -> Result<IssuedPass, Error> {
        let (length, life) = (shape.length.to_be_bytes(), shape.life.as_secs().to_be_bytes());
        let content: [&[u8]; 3] = [&length, &life, if shape.one_time { b"once" } else { b"" }];
        let operation = self.pass_operation(ISSUE, administrator, target, &content).await?;
        let work = self.issue_once(&operation, administrator, target.account_id, shape);
        // Whether they still may is judged before an earlier answer is given.
        self.idempotency.run_unrecalled(&operation, work).await
    }

    /// Ends the pass of an account; says whether there was one.
    pub(crate) async fn revoke_pass(
        &self,
        administrator: &Administrator,
        target: Target,
    ) -> Result<bool, Error> {
        let operation = self.pass_operation(REVOKE, administrator, target, &[]).await?;
        let work = self.revoke_once(&operation, administrator, target.account_id);
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn pass_operation<'a>(
        &self,
        rpc: Rpc,
        administrator: &'a Administrator,
        target: Target,
        content: &[&[u8]],
    ) -> Result<Repeatable<'a>, Error> {
        let operation = self
            .authorisation
            .operation(rpc, administrator, target.tenant_id)?
            .on(Subject::Account(target.account_id));
        self.authorisation.authorise_in_tenant(&operation, administrator, PERMISSION).await?;
        let (who, account) = (administrator.name(), target.account_id.as_uuid());
        let content: Vec<&[u8]> =
            std::iter::once(account.as_bytes().as_slice()).chain(content.iter().copied()).collect();
        let named = Request { who: &who, id: target.request_id, content: &content };
        Ok(self.idempotency.named(operation, named))
    }

    async fn issue_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        account_id: AccountId,
        shape: PassShape,
    ) -> Result<Answer<IssuedPass>, Error> {
        let access_pass = draw(&*self.entropy, shape.length);
        let issued = IssuedPass { access_pass, expires_at: operation.now.plus(shape.life) };
        let answering = self.idempotency.answering(operation.key, |(): &()| issued.clone());
        for _ in 0..JUDGED_AT_MOST {
            let account = self.reached(operation, administrator, account_id, PERMISSION).await?;
            let normal = normal(&issued.access_pass);
            let issue = IssuePass {
                account_id,
                version: account.version,
                epoch: account.epoch,
                hash: self.keys.pass_hash(account.tenant_id, account_id, &normal),
                one_time: shape.one_time,
                expires_at: issued.expires_at,
                event: self.audit.event(operation).done(),
                notices: self.pass_notices(operation, &account).await?,
                now: operation.now,
            };
            let step = self.store.issue_access_pass(&operation.scope, &issue, answering.once()).await?;
            if let Ok(answer) = answering.settle(step)? {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }

    async fn revoke_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        account_id: AccountId,
    ) -> Result<Answer<bool>, Error> {
        let answering = self.idempotency.answering(operation.key, |was_there: &bool| *was_there);
        let event = self.audit.event(operation).done();
        for _ in 0..JUDGED_AT_MOST {
            let account = self.reached(operation, administrator, account_id, PERMISSION).await?;
            let judged = (account_id, account.version);
            let once = answering.once();
            let step = self.store.revoke_access_pass(&operation.scope, judged, &event, once).await?;
            if let Ok(answer) = answering.settle(step)? {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }

    async fn pass_notices(&self, operation: &Operation<'_>, account: &Account) -> Result<Vec<Notice>, Error> {
        let tenant = self.policies.tenant(&operation.scope).await?;
        let content = NoticeContent::person("access_pass_notice", &tenant, account, operation.now);
        let notified = self.notices.notified(&operation.scope, account, operation.now).await?;
        Ok(self.notices.to(&notified, &content))
    }
}

#[cfg(test)]
mod tests;
