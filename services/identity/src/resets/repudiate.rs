//! "This was not me": undoing a reset by the link in its notice.

use rekey_primitives::id::RequestId;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::Resets;
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Subject};
use crate::domain::authority::Permission;
use crate::domain::help::RECIPIENTS_MAX;
use crate::domain::refusal::Refusal;
use crate::notices::{NoticeContent, mailboxes};
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Caller, Context, Error, Operation, Origin, Repeatable, Rpc};
use crate::store::accounts::AccountKey;
use crate::store::outbox::Notice;
use crate::store::resets;
use crate::store::sign_ins::{SessionsEnded, Stale};
use crate::tokens::Repudiation;

const RPC: Rpc = Rpc { name: "RepudiateReset", event: EventKind::ResetRepudiated };

/// A link of a notice.
#[derive(Debug)]
pub(crate) struct Repudiate {
    /// The token of the link.
    pub repudiation_token: SecretString,
    pub request_id: RequestId,
    pub context: Context,
}

/// What was undone: the password is void and the account is frozen, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Repudiated {
    pub sessions_revoked: u32,
}

impl Resets {
    /// Voids the password that a reset set, and freezes the account until an administrator releases it.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn repudiate(&self, caller: &Caller, request: &Repudiate) -> Result<Repudiated, Error> {
        let shown = &request.repudiation_token;
        let token: Repudiation = self.tokens.open(shown).ok_or(Refusal::RepudiationInvalid)?;
        let scope = caller.scope(token.tenant_id);
        let scope = scope.map_err(|_| Refusal::RepudiationInvalid)?;
        let origin = Origin { caller, context: &request.context };
        let operation =
            Operation::new(RPC, scope, origin, self.clock.now()).on(Subject::Account(token.account_id));
        let content = [shown.expose_secret().as_bytes()];
        let named = Request { who: caller.name(), id: request.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run(&operation, self.undo(&operation, &token)).await
    }

    async fn undo(
        &self,
        operation: &Repeatable<'_>,
        token: &Repudiation,
    ) -> Result<Answer<Repudiated>, Error> {
        let (scope, now) = (&operation.scope, operation.now);
        if now.has_reached(token.expires_at) {
            return Err(self.void(operation, "link_expired"));
        }
        let key = AccountKey::Id(token.account_id);
        let account = self.store.find_account(scope, &key).await?.ok_or(Refusal::RepudiationInvalid)?;
        let repudiate = resets::Repudiate {
            account_id: account.id,
            epoch: token.epoch,
            event: self.audit.event(operation).done(),
            notices: self.repudiation_alarms(operation, &account).await?,
            now,
        };
        let answering = self
            .idempotency
            .answering(operation.key, |ended: &SessionsEnded| Repudiated { sessions_revoked: ended.0 });
        let step = self.store.repudiate_reset(scope, &repudiate, Some(answering.once())).await?;
        answering.settle(step)?.map_err(|Stale| self.void(operation, "link_spent"))
    }

    fn void(&self, operation: &Operation<'_>, why: &'static str) -> Error {
        self.audit.note_refused(operation, why);
        Refusal::RepudiationInvalid.into()
    }

    /// Those who can release the account are told.
    async fn repudiation_alarms(
        &self,
        operation: &Operation<'_>,
        account: &Account,
    ) -> Result<Vec<Notice>, Error> {
        let tenant = self.policies.tenant(&operation.scope).await?;
        let administrators = self.store.administrators(&operation.scope).await?;
        let able = administrators
            .iter()
            .filter(|other| other.id != account.id && other.roles.grants(Permission::Unfreeze).is_ok());
        let addresses = mailboxes(able.take(RECIPIENTS_MAX));
        let alarm = NoticeContent::alarm("reset_repudiated_alarm", &tenant, account, operation.now);
        Ok(self.notices.to(&addresses, &alarm))
    }
}
