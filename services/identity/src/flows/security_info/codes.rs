//! The codes that confirm an address: sending one, sending it again, and checking what came back.
//!
//! Which verification stands behind an entry is found by `slots`. Tries are counted here before verification is asked,
//! as in a reset.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;
use rekey_primitives::id::{RequestId, SecurityInfoId, VerificationId};
use rekey_primitives::method::MethodChange;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_sealing::digest;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::slots::until_next_slot;
use super::{Held, Owner, change_of, not_changed, own_event, uuid_of};
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Outcome};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::domain::security_info::{SecurityInfo, Standing};
use crate::domain::tries::{TakesNoTry, TriedFrom};
use crate::flows::administration::LOOKS;
use crate::flows::once::{OrRejected, Repeatable, Settled};
use crate::flows::shown::ShownEntry;
use crate::flows::{Error, Failed, Identity};
use crate::peers::verification::{
    CheckCode, Checked, Pace, ResendCode, Resent, SECURITY_INFO, StartCode, Started, Stopped, Timers,
};
use crate::store::accounts::{AccountKey, Change, NotChanged};
use crate::store::resets::TryCounted;

/// The clocks of a code as they are kept for a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CodeSent {
    code_expires_at: i64,
    resend_after: Option<i64>,
}

impl Identity {
    /// Sends the code of an address, first or again.
    pub(crate) async fn send_security_info_code(
        &self,
        owner: &Owner,
        id: SecurityInfoId,
        request_id: RequestId,
    ) -> Result<Timers, Error> {
        let now = self.now();
        let scope = owner.scope_for_change(now)?;
        let call = self.own_call(owner, "SendSecurityInfoCode", request_id, &[id.as_uuid().as_bytes()], now);
        if let Some(first) = self.recall::<CodeSent>(&scope, &call, now).await? {
            return Ok(first.into());
        }
        let held = self.held(&scope, AccountKey::Id(owner.person.account_id)).await?;
        let entry = held.entry(id)?;
        let timers = match self.running_entry_code(&scope, entry.id, now).await? {
            Some(running) => self.resend_entry_code(owner, &held, entry, running, &call, now).await?,
            None => self.send_entry_code(owner, &held, entry, &call, now).await?,
        };
        Ok(self.keep_answer(&scope, &call, CodeSent::from(timers), now).await?.into())
    }

    /// Confirms an address by its code.
    pub(crate) async fn confirm_security_info(
        &self,
        owner: &Owner,
        id: SecurityInfoId,
        code: &SecretString,
        request_id: RequestId,
    ) -> Result<ShownEntry, Error> {
        let now = self.now();
        let scope = owner.scope_for_change(now)?;
        let content = [id.as_uuid().into_bytes().to_vec(), code.expose_secret().as_bytes().to_vec()];
        let call = self.own_call(
            owner,
            "ConfirmSecurityInfo",
            request_id,
            &[content[0].as_slice(), content[1].as_slice()],
            now,
        );
        if let Some(first) = self.recall::<OrRejected<ShownEntry>>(&scope, &call, now).await? {
            return first.or(Refusal::CodeRejected);
        }
        let held = self.held(&scope, AccountKey::Id(owner.person.account_id)).await?;
        let entry = held.entry(id)?;
        let is_right = self.count_confirmation(owner, &scope, &held, entry, &call, now).await?
            && self.is_entry_code(owner, &scope, entry, code, &call, now).await?;
        if !is_right {
            let event = own_event(self, owner, EventKind::SecurityInfoConfirmed, now);
            self.audit.push(event.refused().because("code_rejected").done());
            // The try was counted under this call, so until this is kept a repeat is judged alike, uncounted.
            let rejected = OrRejected::REJECTED;
            return self.keep_answer(&scope, &call, rejected, now).await?.or(Refusal::CodeRejected);
        }
        self.entry_confirmed(owner, &scope, id, &call, now).await
    }

    /// Has a code drawn and sent for an entry. A limit beyond this address is silent: it would tell what others
    /// send there.
    pub(super) async fn send_entry_code(
        &self,
        owner: &Owner,
        held: &Held,
        entry: &SecurityInfo,
        call: &Repeatable,
        now: Timestamp,
    ) -> Result<Timers, Error> {
        let destination = entry.destination().ok_or(Refusal::SecurityInfoNotFound)?;
        let start = StartCode {
            tenant_id: held.tenant.id,
            verification_id: self.next_entry_verification(held.tenant.id, entry.id, now).await?,
            request_id: owner.step_id(call, "start"),
            purpose: SECURITY_INFO,
            subject: held.account.id.to_string(),
            destination,
            locale: owner.context.locale.clone(),
            binding: binding(held.account.id.as_uuid(), entry.id),
            decoy: false,
            organisation: held.tenant.display_name.clone(),
            ip_address: owner.context.ip,
            user_agent: owner.context.user_agent.clone(),
        };
        let timers = match self.verification.start(&start).await? {
            Started::Sent(timers) | Started::WasThere(timers) => timers,
            Started::Stopped(Stopped { stop, pace }) => {
                let event = own_event(self, owner, EventKind::LimitReached, now).because(stop.as_str());
                self.audit.push(event.done());
                silent_timers(&pace, now)
            }
            // This slot's verification is spent or was guessed at too often; the next slot has a new one.
            Started::Differs => return Err(until_next_slot(now).into()),
        };
        let scope = owner.scope()?;
        self.store.code_sent(&scope, tries_key(entry), timers.code_expires_at, now).await?;
        Ok(timers)
    }

    async fn resend_entry_code(
        &self,
        owner: &Owner,
        held: &Held,
        entry: &SecurityInfo,
        verification_id: VerificationId,
        call: &Repeatable,
        now: Timestamp,
    ) -> Result<Timers, Error> {
        let resend = ResendCode {
            tenant_id: held.tenant.id,
            verification_id,
            request_id: owner.step_id(call, "resend"),
            ip_address: owner.context.ip,
            user_agent: owner.context.user_agent.clone(),
        };
        match self.verification.resend(&resend).await? {
            Resent::Sent(timers) => Ok(timers),
            Resent::TooSoon { retry_after } => Err(Refusal::SendLimited { retry_after }.into()),
            Resent::Exhausted => Err(until_next_slot(now).into()),
            Resent::Stopped(stopped) => Ok(silent_timers(&stopped.pace, now)),
            Resent::Over => self.send_entry_code(owner, held, entry, call, now).await,
        }
    }

    /// Counts a try; false when none is taken.
    async fn count_confirmation(
        &self,
        owner: &Owner,
        scope: &TenantScope,
        held: &Held,
        entry: &SecurityInfo,
        call: &Repeatable,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (key, from) = (tries_key(entry), TriedFrom::Anywhere);
        let counted = self.store.count_try(scope, key, from, &call.fingerprint(), &held.rules, now).await?;
        let stop = match counted {
            TryCounted::Counted | TryCounted::CountedBefore => return Ok(true),
            TryCounted::NothingLive => return Ok(false),
            TryCounted::Stopped(stop) => stop,
        };
        let event = self
            .event(scope.tenant_id(), EventKind::MethodStopped, Outcome::Refused, now)
            .on(owner.person.account_id)
            .through(&owner.caller)
            .from(&owner.context);
        match stop {
            TakesNoTry::Paused { .. } => self.audit.push(event.because("paused").done()),
            TakesNoTry::Disabled if entry.disabled => {}
            TakesNoTry::Disabled => {
                let told = (entry, MethodChange::Disabled);
                let locale = owner.context.locale.as_ref();
                let notices = self.told_of_entry(scope, held, told, locale, now).await?;
                let change = Change::DisableSecurityInfo(entry.id);
                let change = change_of(&held.account, change, event.because("disabled"), notices, now);
                // A change in between leaves it to the next try.
                self.store.change_account(scope, &change, None).await?;
            }
        }
        Ok(false)
    }

    /// Whether verification passes the code, and for this entry.
    async fn is_entry_code(
        &self,
        owner: &Owner,
        scope: &TenantScope,
        entry: &SecurityInfo,
        code: &SecretString,
        call: &Repeatable,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let Some(verification_id) = self.running_entry_code(scope, entry.id, now).await? else {
            return Ok(false);
        };
        let tenant_id = scope.tenant_id();
        let check = CheckCode {
            tenant_id,
            verification_id,
            request_id: owner.step_id(call, "check"),
            purpose: SECURITY_INFO,
            subject: owner.person.account_id.to_string(),
            code: code.clone(),
            ip_address: owner.context.ip,
            user_agent: owner.context.user_agent.clone(),
        };
        let Checked::Passed { grant } = self.verification.check(&check).await? else { return Ok(false) };
        let binding = binding(owner.person.account_id.as_uuid(), entry.id);
        let redeemed =
            self.verification.redeem(tenant_id, &grant, &binding, owner.step_id(call, "redeem")).await?;
        let channel = entry.destination().map(|to| to.channel());
        Ok(redeemed.is_some_and(|redeemed| {
            redeemed.verification_id == verification_id && Some::<Channel>(redeemed.channel) == channel
        }))
    }

    /// Writes that an entry is confirmed.
    async fn entry_confirmed(
        &self,
        owner: &Owner,
        scope: &TenantScope,
        id: SecurityInfoId,
        call: &Repeatable,
        now: Timestamp,
    ) -> Result<ShownEntry, Error> {
        for _ in 0..LOOKS {
            let held = self.held(scope, AccountKey::Id(owner.person.account_id)).await?;
            let entry = held.entry(id)?;
            let (changed_at, is_first) = match entry.standing {
                Standing::Unconfirmed => (now, self.would_be_first(scope, &held, id, now).await?),
                // It was known before; that it is the person's adds no new way in.
                Standing::Prefilled | Standing::Confirmed { .. } => (entry.changed_at, entry.is_first),
            };
            let standing = Standing::Confirmed { at: now };
            let confirmed = SecurityInfo { standing, changed_at, is_first, disabled: false, ..entry.clone() };
            let shown = ShownEntry::of(&confirmed, &held.rules, now);
            let event = own_event(self, owner, EventKind::SecurityInfoConfirmed, now)
                .to_place(shown.masked_destination.clone());
            let notices = self
                .told_of_entry(
                    scope,
                    &held,
                    (entry, MethodChange::Confirmed),
                    owner.context.locale.as_ref(),
                    now,
                )
                .await?;
            let change =
                Change::ConfirmSecurityInfo { id, tries: tries_keys(id), standing, changed_at, is_first };
            let change = change_of(&held.account, change, event, notices, now);
            let answer = |_: &Account| self.seal_answer(call, &shown);
            let step = self.store.change_account(scope, &change, Some(call.once(&answer))).await?;
            match self.settle::<_, _, OrRejected<ShownEntry>>(call, step)? {
                Settled::Done(_) => return Ok(shown),
                Settled::Repeated(first) => return first.or(Refusal::CodeRejected),
                Settled::Refused(NotChanged::Stale) => {}
                Settled::Refused(why) => return Err(not_changed(why).into()),
            }
        }
        Err(Failed::Contended.into())
    }
}

/// The timers of a send that was stopped where nobody may know.
fn silent_timers(pace: &Pace, now: Timestamp) -> Timers {
    Timers {
        code_expires_at: now.plus(pace.code_life),
        resend_after: pace.waits.first().map(|wait| now.plus(*wait)),
    }
}

/// What the grant of a code is bound to: this entry of this account.
fn binding(account: Uuid, entry: SecurityInfoId) -> [u8; 32] {
    digest(&[b"security info", account.as_bytes(), entry.as_uuid().as_bytes()])
}

/// Names the counter of tries: not that of resets, which strangers can spend.
fn tries_key(entry: &SecurityInfo) -> Uuid {
    let [confirm, confirm_anew] = tries_keys(entry.id);
    if entry.disabled { confirm_anew } else { confirm }
}

/// Both counters of an entry's confirmations. A disabled entry takes no try by the first, which may be what disabled it.
fn tries_keys(id: SecurityInfoId) -> [Uuid; 2] {
    [b"confirm".as_slice(), b"confirm anew"].map(|what| uuid_of(&digest(&[what, id.as_uuid().as_bytes()])))
}

impl From<Timers> for CodeSent {
    fn from(timers: Timers) -> Self {
        Self {
            code_expires_at: timers.code_expires_at.unix_micros(),
            resend_after: timers.resend_after.map(Timestamp::unix_micros),
        }
    }
}

impl From<CodeSent> for Timers {
    fn from(sent: CodeSent) -> Self {
        Self {
            code_expires_at: Timestamp::from_unix_micros(sent.code_expires_at),
            resend_after: sent.resend_after.map(Timestamp::from_unix_micros),
        }
    }
}
