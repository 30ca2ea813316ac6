//! "This was not me": undoing a reset by the link in its notice.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, RequestId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::help::addresses;
use crate::domain::account::{Account, CredentialEpoch};
use crate::domain::audit::{EventKind, Outcome};
use crate::domain::authority::Permission;
use crate::domain::help::RECIPIENTS_MAX;
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::flows::notices::Notify;
use crate::flows::once::{Call, Settled};
use crate::flows::tokens::Repudiation;
use crate::flows::{Caller, Context, Error, Identity};
use crate::store::accounts::AccountKey;
use crate::store::outbox::Notice;
use crate::store::resets;
use crate::store::sign_ins::{SessionsEnded, Stale};

/// A link of a notice.
#[derive(Debug)]
pub(crate) struct Repudiate {
    /// The token of the link.
    pub repudiation_token: SecretString,
    /// Names the call.
    pub request_id: RequestId,
    /// Where the person is.
    pub context: Context,
}

/// What was undone: the password is void and the account is frozen, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Repudiated {
    /// How many sessions ended.
    pub sessions_revoked: u32,
}

impl Identity {
    /// Voids the password that a reset set, and freezes the account until an administrator releases it.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn repudiate_reset(
        &self,
        caller: &Caller,
        request: &Repudiate,
    ) -> Result<Repudiated, Error> {
        let now = self.now();
        let invalid = Refusal::RepudiationInvalid;
        let token: Repudiation =
            self.keys.open_token(&request.repudiation_token).ok_or_else(|| invalid.clone())?;
        let tenant_id = TenantId::from_uuid(token.tenant_id);
        let scope = caller.scope(tenant_id).map_err(|_| invalid.clone())?;
        let call =
            Call { rpc: "RepudiateReset", who: caller.name(), tenant_id, request_id: request.request_id };
        let call = self.repeatable(call, &[request.repudiation_token.expose_secret().as_bytes()], now);
        if let Some(kept) = self.recall::<Repudiated>(&scope, &call, now).await? {
            return Ok(kept);
        }
        let void = |why: &'static str| {
            let event = self.event(tenant_id, EventKind::ResetRepudiated, Outcome::Refused, now);
            let event =
                event.on(AccountId::from_uuid(token.account_id)).from(&request.context).through(caller);
            self.audit.push(event.because(why).done());
            Error::from(Refusal::RepudiationInvalid)
        };
        if now.has_reached(Timestamp::from_unix_micros(token.expires_at)) {
            return Err(void("link_expired"));
        }
        let key = AccountKey::Id(AccountId::from_uuid(token.account_id));
        let account = self.store.find_account(&scope, &key).await?.ok_or_else(|| invalid.clone())?;
        let event = self.event(tenant_id, EventKind::ResetRepudiated, Outcome::Success, now);
        let repudiate = resets::Repudiate {
            account_id: account.id,
            epoch: CredentialEpoch(token.epoch),
            event: event.on(account.id).from(&request.context).through(caller).done(),
            notices: self.repudiation_alarms(&scope, &account, now).await?,
            now,
        };
        let answer =
            |ended: &SessionsEnded| self.seal_answer(&call, &Repudiated { sessions_revoked: ended.0 });
        let step = self.store.repudiate_reset(&scope, &repudiate, Some(call.once(&answer))).await?;
        match self.settle::<SessionsEnded, Stale, Repudiated>(&call, step)? {
            Settled::Done(ended) => Ok(Repudiated { sessions_revoked: ended.0 }),
            Settled::Repeated(kept) => Ok(kept),
            Settled::Refused(Stale) => Err(void("link_spent")),
        }
    }

    /// Those who can release the account are told.
    async fn repudiation_alarms(
        &self,
        scope: &TenantScope,
        account: &Account,
        now: Timestamp,
    ) -> Result<Vec<Notice>, Error> {
        let tenant = self.tenant(scope).await?;
        let administrators = self.store.administrators(scope).await?;
        let able = administrators
            .iter()
            .filter(|other| other.id != account.id && other.roles.grants(Permission::Unfreeze).is_ok());
        let addresses = addresses(able.take(RECIPIENTS_MAX));
        let notify = Notify::alarm("reset_repudiated_alarm", &tenant, account, now);
        Ok(self.notices(tenant.id, &addresses, None, &notify, now))
    }
}
