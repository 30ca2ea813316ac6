//! Confirming an address by the code sent to it, an authenticator by one that it shows. Attempts are counted here before verification is asked, as in a reset.

use rekey_primitives::id::{RequestId, SecurityInfoId, from_digest};
use rekey_primitives::method::MethodChange;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_sealing::digest;
use uuid::Uuid;

use super::codes::binding;
use super::{EntryChange, Holder, SecurityInfoEntries, change_of};
use crate::domain::account::Account;
use crate::domain::attempts::{AttemptOrigin, MethodUnavailable};
use crate::domain::audit::{Actor, EventKind};
use crate::domain::reset::{kind_attempts_key, sign_in_attempts_key};
use crate::domain::security_info::{SecurityInfo, Standing};
use crate::operation::idempotency::{Answer, OrRejected};
use crate::operation::{Error, Failed, JUDGED_AT_MOST, Operation, Owner, Repeatable, Rpc};
use crate::peers::verification::{CheckCode, SECURITY_INFO};
use crate::store::accounts::AccountChange;
use crate::store::resets::{AttemptCounted, CodeAttempt, CodeSource};
use crate::views::SecurityInfoView;

const RPC: Rpc = Rpc { name: "ConfirmSecurityInfo", event: EventKind::SecurityInfoConfirmed };

/// How it ended, as it is stored for a repeat.
pub(crate) type Confirmed = OrRejected<SecurityInfoView>;

impl SecurityInfoEntries {
    /// Confirms an address by its code.
    pub(crate) async fn confirm(
        &self,
        owner: &Owner,
        id: SecurityInfoId,
        code: &SecretString,
        request_id: RequestId,
    ) -> Result<Confirmed, Error> {
        let uuid = id.as_uuid();
        let content = [uuid.as_bytes().as_slice(), code.expose_secret().as_bytes()];
        let operation = self.change_operation(RPC, owner, request_id, &content)?;
        self.idempotency.run(&operation, self.confirm_once(&operation, owner, id, code)).await
    }

    async fn confirm_once(
        &self,
        operation: &Repeatable<'_>,
        owner: &Owner,
        id: SecurityInfoId,
        code: &SecretString,
    ) -> Result<Answer<Confirmed>, Error> {
        let holder = self.holder(operation, owner.person.account_id).await?;
        let entry = holder.entry(id)?;
        if self.count_completion_attempt(operation, &holder, entry).await?
            && let Some(answer) = self.judge(operation, &holder, entry, code).await?
        {
            return Ok(answer);
        }
        self.audit.note_refused(operation, "code_rejected");
        // The attempt was counted under this call, so until this is stored a repeat is judged alike, uncounted.
        Ok(Answer::to_store(Confirmed::REJECTED))
    }

    /// Confirms the entry if the code is right.
    async fn judge(
        &self,
        operation: &Repeatable<'_>,
        holder: &Holder,
        entry: &SecurityInfo,
        code: &SecretString,
    ) -> Result<Option<Answer<Confirmed>>, Error> {
        if entry.destination().is_none() {
            return self.mark_confirmed(operation, holder, entry.id, Some(code)).await;
        }
        if !self.is_right_code(operation, holder, entry, code).await? {
            return Ok(None);
        }
        self.mark_confirmed(operation, holder, entry.id, None).await
    }

    /// Counts an attempt; false when none is taken.
    async fn count_completion_attempt(
        &self,
        operation: &Repeatable<'_>,
        holder: &Holder,
        entry: &SecurityInfo,
    ) -> Result<bool, Error> {
        let (scope, now) = (&operation.scope, operation.now);
        let (key, from, request) =
            (attempts_key(entry), AttemptOrigin::Anywhere, operation.key.fingerprint());
        let codes = if entry.destination().is_some() { CodeSource::Sent } else { CodeSource::Held };
        let stop = match self
            .store
            .count_code_attempt(
                scope,
                &CodeAttempt { method: key, from, request: &request, rules: &holder.rules, codes },
                now,
            )
            .await?
        {
            AttemptCounted::Counted | AttemptCounted::CountedBefore => return Ok(true),
            AttemptCounted::NoLiveCode => return Ok(false),
            AttemptCounted::Stopped(stop) => stop,
        };
        let event = self.audit.event_of(operation, EventKind::MethodStopped).by(Actor::Stranger);
        match stop {
            MethodUnavailable::Paused { .. } => self.audit.note(event.refused("paused")),
            MethodUnavailable::Disabled if entry.disabled => {}
            MethodUnavailable::Disabled => {
                let notices = self.notices_of(operation, holder, entry, MethodChange::Disabled).await?;
                let change = AccountChange::DisableSecurityInfo(entry.id);
                let change = change_of(&holder.account, change, event.refused("disabled"), notices, now);
                // A change in between leaves it to the next attempt.
                self.store.change_account(scope, &change, None).await?;
            }
        }
        Ok(false)
    }

    /// Whether verification passes the code, and for this entry.
    async fn is_right_code(
        &self,
        operation: &Repeatable<'_>,
        holder: &Holder,
        entry: &SecurityInfo,
        code: &SecretString,
    ) -> Result<bool, Error> {
        let Some(running) = self.running_code(operation, entry.id).await? else { return Ok(false) };
        let verification_id = running.id;
        let (tenant_id, account_id) = (operation.scope.tenant_id(), holder.account.id);
        let check = CheckCode {
            tenant_id,
            verification_id,
            request_id: operation.request_id_from_here("check"),
            purpose: SECURITY_INFO,
            subject: account_id.to_string(),
            code: code.clone(),
            asked_by: operation.origin.asked_by(None),
        };
        let checked = self.verification.check(&check).await?;
        let Some(grant) = checked.grant(|stop| self.audit.note_limit(operation, stop.as_str())) else {
            return Ok(false);
        };
        let binding = binding(account_id.as_uuid(), entry.id);
        let request_id = operation.request_id_from_here("redeem");
        let redeemed = self.verification.redeem(tenant_id, &grant, &binding, request_id).await?;
        let channel = entry.destination().map(|to| to.channel());
        Ok(redeemed.is_some_and(|redeemed| {
            redeemed.verification_id == verification_id && Some(redeemed.channel) == channel
        }))
    }

    /// Writes that an entry is confirmed; `None` if `held` is not a code that its authenticator shows now.
    async fn mark_confirmed(
        &self,
        operation: &Repeatable<'_>,
        holder: &Holder,
        id: SecurityInfoId,
        held: Option<&SecretString>,
    ) -> Result<Option<Answer<Confirmed>>, Error> {
        for _ in 0..JUDGED_AT_MOST {
            let holder = self.holder(operation, holder.account.id).await?;
            let entry = holder.entry(id)?;
            let spent = held.and_then(|code| {
                let (tenant_id, typed) = (holder.tenant.id, (code, operation.now));
                self.keys.authenticator_code(&*self.entropy, tenant_id, entry, typed)
            });
            if held.is_some() && spent.is_none() {
                return Ok(None);
            }
            let confirmed = self.confirmed(operation, &holder, entry).await?;
            let view = SecurityInfoView::of(&confirmed, &holder.rules, operation.now);
            let event = self.audit.event(operation).at_place(view.masked_destination.clone());
            let change = AccountChange::ConfirmSecurityInfo {
                id,
                attempts: cleared_counters(&holder.account, entry),
                standing: confirmed.standing,
                changed_at: confirmed.changed_at,
                is_first: confirmed.is_first,
                spent,
            };
            let answering =
                self.idempotency.answering(operation.key, |_: &Account| Confirmed::Done(view.clone()));
            let changed = EntryChange { entry, word: MethodChange::Confirmed, change };
            let answer = self.change_entry(operation, &holder, changed, event, &answering).await?;
            if answer.is_some() {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }

    /// The entry once it is confirmed.
    async fn confirmed(
        &self,
        operation: &Operation<'_>,
        holder: &Holder,
        entry: &SecurityInfo,
    ) -> Result<SecurityInfo, Error> {
        let standing = Standing::Confirmed { at: operation.now };
        let confirmed = SecurityInfo { standing, disabled: false, ..entry.clone() };
        Ok(match entry.standing {
            Standing::Unconfirmed => SecurityInfo {
                changed_at: operation.now,
                is_first: self.would_be_first(operation, holder, entry.id).await?,
                ..confirmed
            },
            // It was known before; that it is the person's adds no new way in.
            Standing::Prefilled | Standing::Confirmed { .. } => confirmed,
        })
    }
}

/// Names the counter of attempts: not that of resets, which strangers can use up.
pub(super) fn attempts_key(entry: &SecurityInfo) -> Uuid {
    let [confirm, confirm_anew] = attempts_keys(entry.id);
    if entry.disabled { confirm_anew } else { confirm }
}

/// What a confirmation takes back: what was counted at the entry's own confirmations, and at its kind in resets and sign-ins if
/// nothing else of the kind serves. Another address that is confirmed holds nothing less against the one that was guessed at.
pub(super) fn cleared_counters(account: &Account, entry: &SecurityInfo) -> Vec<Uuid> {
    let serves = |other: &SecurityInfo| {
        other.id != entry.id
            && other.kind() == entry.kind()
            && !other.disabled
            && other.standing != Standing::Unconfirmed
    };
    let of_kind = !account.security_info.iter().any(serves);
    let kind = of_kind.then(|| kind_attempts_key(account.id, entry.kind()));
    let factor = of_kind.then(|| sign_in_attempts_key(account.id, entry.kind()));
    attempts_keys(entry.id).into_iter().chain(kind).chain(factor).collect()
}

/// Both counters of an entry's confirmations. A disabled entry takes no attempt by the first, which may be what disabled it.
fn attempts_keys(id: SecurityInfoId) -> [Uuid; 2] {
    let uuid = id.as_uuid();
    [b"confirm".as_slice(), b"confirm anew"].map(|what| from_digest(&digest(&[what, uuid.as_bytes()])))
}
