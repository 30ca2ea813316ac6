//! The codes that confirm an address: sending one, and sending it again. Which verification stands behind an entry is found
//! by `running_code`.

use rekey_primitives::id::{RequestId, SecurityInfoId};
use rekey_sealing::digest;
use uuid::Uuid;

use super::confirm::attempts_key;
use super::running_code::until_it_dies;
use super::{Holder, SecurityInfoEntries};
use crate::domain::audit::EventKind;
use crate::domain::refusal::Refusal;
use crate::domain::security_info::SecurityInfo;
use crate::operation::idempotency::Answer;
use crate::operation::{Error, Owner, Repeatable, Rpc};
use crate::peers::verification::{ResendCode, Resent, SECURITY_INFO, StartCode, Started, Stopped, Timers};
use crate::store::accounts::EntryVerification;

const RPC: Rpc = Rpc { name: "SendSecurityInfoCode", event: EventKind::LimitReached };

impl SecurityInfoEntries {
    /// Sends the code of an address, first or again.
    pub(crate) async fn send_code(
        &self,
        owner: &Owner,
        id: SecurityInfoId,
        request_id: RequestId,
    ) -> Result<Timers, Error> {
        let operation = self.change_operation(RPC, owner, request_id, &[id.as_uuid().as_bytes()])?;
        self.idempotency.run(&operation, self.send_code_once(&operation, owner, id)).await
    }

    async fn send_code_once(
        &self,
        operation: &Repeatable<'_>,
        owner: &Owner,
        id: SecurityInfoId,
    ) -> Result<Answer<Timers>, Error> {
        let holder = self.holder(operation, owner.person.account_id).await?;
        let entry = holder.entry(id)?;
        if entry.destination().is_none() {
            return Err(Refusal::field("security_info_id", "an entry that is an address").into());
        }
        let timers = match self.running_code(operation, entry.id).await? {
            Some(running) => self.resend_code(operation, &holder, entry, running).await?,
            None => self.send_new_code(operation, &holder, entry).await?,
        };
        Ok(Answer::to_store(timers))
    }

    /// Has a code drawn and sent for an entry. A limit beyond this address is silent: it would tell what others
    /// send there.
    pub(super) async fn send_new_code(
        &self,
        operation: &Repeatable<'_>,
        holder: &Holder,
        entry: &SecurityInfo,
    ) -> Result<Timers, Error> {
        let context = operation.origin.context;
        let verification = self.next_verification(operation, entry.id).await?;
        let start = StartCode {
            tenant_id: holder.tenant.id,
            verification_id: verification.id,
            request_id: operation.request_id_from_here("start"),
            purpose: SECURITY_INFO,
            subject: holder.account.id.to_string(),
            destinations: vec![entry.destination().ok_or(Refusal::SecurityInfoNotFound)?],
            locale: context.locale.clone(),
            binding: binding(holder.account.id.as_uuid(), entry.id),
            decoy: false,
            organisation: holder.tenant.display_name.clone(),
            // Whoever is signed in may name any address, so this is nobody's place.
            familiar: false,
            asked_by: operation.origin.asked_by(None),
        };
        let timers = match self.verification.start(&start).await? {
            Started::Sent(timers) | Started::WasThere(timers) => timers,
            Started::Stopped(Stopped { stop, timing }) => {
                self.audit.note_limit(operation, stop.as_str());
                timing.as_if_sent(operation.now)
            }
            // It is spent or was guessed at too often.
            Started::Differs => return Err(until_it_dies(operation, verification).into()),
        };
        let sent = EntryVerification { code_expires_at: timers.code_expires_at, ..verification };
        self.store.entry_code_sent(&operation.scope, entry.id, sent).await?;
        self.store.code_sent(&operation.scope, attempts_key(entry), timers.code_expires_at).await?;
        Ok(timers)
    }

    async fn resend_code(
        &self,
        operation: &Repeatable<'_>,
        holder: &Holder,
        entry: &SecurityInfo,
        running: EntryVerification,
    ) -> Result<Timers, Error> {
        let resend = ResendCode {
            tenant_id: holder.tenant.id,
            verification_id: running.id,
            request_id: operation.request_id_from_here("resend"),
            asked_by: operation.origin.asked_by(None),
        };
        match self.verification.resend(&resend).await? {
            Resent::Sent(timers) => Ok(timers),
            Resent::TooSoon { retry_after } => Err(Refusal::SendLimited { retry_after }.into()),
            Resent::Exhausted => Err(until_it_dies(operation, running).into()),
            Resent::Stopped(stopped) => Ok(stopped.timing.as_if_sent(operation.now)),
            Resent::Over => self.send_new_code(operation, holder, entry).await,
        }
    }
}

/// What the grant of a code is bound to: this entry of this account.
pub(super) fn binding(account: Uuid, entry: SecurityInfoId) -> [u8; 32] {
    digest(&[b"security info", account.as_bytes(), entry.as_uuid().as_bytes()])
}
