//! Other people's sessions, seen and ended by administrators.

use rekey_primitives::id::{AccountId, SessionId, TenantId};
use serde::{Deserialize, Serialize};

use super::Administration;
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Subject};
use crate::domain::authority::Permission;
use crate::domain::session::{Ending, Session};
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Administrator, Error, Failed, JUDGED_AT_MOST, Operation, Repeatable, Rpc, Target};
use crate::store::sign_ins::{EndSessions, Ender, LiveSessions, SessionsEnded, WhichSessions};
use crate::tokens::{AskedPage, List, Page};

// Whoever reads leaves no event but a denial.
const LIST: Rpc = Rpc { name: "ListAccountSessions", event: EventKind::PermissionDenied };
const REVOKE: Rpc = Rpc { name: "RevokeAccountSessions", event: EventKind::SessionRevoked };

pub(crate) const PERMISSION: Permission = Permission::ManageSessions;

/// How many sessions an administrator ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RevokedSessions {
    pub sessions_revoked: u32,
}

impl Administration {
    /// The live sessions of an account, newest first.
    pub(crate) async fn list_sessions(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        account_id: AccountId,
        asked: &AskedPage,
    ) -> Result<Page<Session>, Error> {
        let operation =
            self.authorisation.operation(LIST, administrator, tenant_id)?.on(Subject::Account(account_id));
        self.judged(&operation, administrator, account_id).await?;
        let (tenant, account) = (tenant_id.as_uuid(), account_id.as_uuid());
        let arguments = [tenant.as_bytes().as_slice(), account.as_bytes()];
        let list = List { name: "account sessions", arguments: &arguments };
        let before = self.tokens.page_begins_after(list, asked, operation.now)?.map(SessionId::from_uuid);
        let live = LiveSessions { account_id, before, limit: asked.limit(), now: operation.now };
        let read = self.store.list_sessions(&operation.scope, &live).await?;
        Ok(self.tokens.page(list, asked, read, |session| session.id.as_uuid(), operation.now))
    }

    /// Ends these sessions of an account, or all where none are named.
    pub(crate) async fn revoke_sessions(
        &self,
        administrator: &Administrator,
        target: Target,
        sessions: &[SessionId],
    ) -> Result<RevokedSessions, Error> {
        let operation = self
            .authorisation
            .operation(REVOKE, administrator, target.tenant_id)?
            .on(Subject::Account(target.account_id));
        let (who, account) = (administrator.name(), target.account_id.as_uuid());
        let ids: Vec<u8> = sessions.iter().flat_map(|id| id.as_uuid().into_bytes()).collect();
        let content = [account.as_bytes().as_slice(), &ids];
        let named = Request { who: &who, id: target.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        let work = self.revoke_sessions_once(&operation, administrator, target.account_id, sessions);
        // Whether they still may is judged before an earlier answer is given.
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn revoke_sessions_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        account_id: AccountId,
        sessions: &[SessionId],
    ) -> Result<Answer<RevokedSessions>, Error> {
        let which = match sessions {
            [] => WhichSessions::Others,
            named => WhichSessions::These(named.to_vec()),
        };
        let event = self.audit.event(operation).because(Ending::Revoked.as_str()).done();
        let answering = self
            .idempotency
            .answering(operation.key, |ended: &SessionsEnded| RevokedSessions { sessions_revoked: ended.0 });
        for _ in 0..JUDGED_AT_MOST {
            let account = self.judged(operation, administrator, account_id).await?;
            let by = Ender::Administrator { version: account.version };
            let ends = EndSessions { account_id, by, which: which.clone(), event: event.clone() };
            let step = self.store.end_sessions(&operation.scope, &ends, answering.once()).await?;
            if let Ok(answer) = answering.settle(step)? {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }

    /// The account, if there is one and the administrator may see and end its sessions.
    async fn judged(
        &self,
        operation: &Operation<'_>,
        administrator: &Administrator,
        account_id: AccountId,
    ) -> Result<Account, Error> {
        self.authorisation.authorise_in_tenant(operation, administrator, PERMISSION).await?;
        self.reached(operation, administrator, account_id, PERMISSION).await
    }
}
