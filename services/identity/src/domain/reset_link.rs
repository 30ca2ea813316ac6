//! One-time links by which people set a password that an administrator reset: whom they go to, and how long they work.
//!
//! A link is a proof by mail that the administrator asked for in the person's place. So it goes to those addresses alone that
//! would count as a proof today, and dies with everything that an open reset dies with: the next epoch, a change of methods or
//! roles, a block, a freeze.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::{AccountId, TenantId};
use serde::{Deserialize, Serialize};

use super::account::{Account, CredentialEpoch, RecoveryVersion};
use super::policy::ResetRules;
use super::refusal::Refusal;
use super::security_info::SecurityInfo;

/// What a link says, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResetLink {
    pub tenant_id: TenantId,
    pub account_id: AccountId,
    /// The epoch that began when it was sent.
    pub epoch: CredentialEpoch,
    /// The recovery version when it was sent.
    pub recovery_version: RecoveryVersion,
    pub expires_at: Timestamp,
}

/// Why a link does not work. The true reason is for the audit log; the person sees one refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkVoid {
    /// Its time is over.
    Expired,
    /// There is no account behind it any more.
    NoAccount,
    /// The account is blocked or frozen.
    NotOpen,
    /// The password was set since it was sent, perhaps by this link.
    EpochPassed,
    /// Methods, roles, block or freeze changed since it was sent.
    RecoveryVersionPassed,
    /// As many attempts as a reset has were spent.
    AttemptsExhausted,
}

impl LinkVoid {
    /// The name in audit events.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "link_expired",
            Self::NoAccount => "no_account",
            Self::NotOpen => "account_not_open",
            Self::EpochPassed => "credential_epoch_passed",
            Self::RecoveryVersionPassed => "recovery_version_passed",
            Self::AttemptsExhausted => "attempts_exhausted",
        }
    }

    /// What the person sees.
    pub(crate) const fn refusal(self) -> Refusal {
        match self {
            Self::AttemptsExhausted => Refusal::AttemptsExhausted,
            Self::Expired
            | Self::NoAccount
            | Self::NotOpen
            | Self::EpochPassed
            | Self::RecoveryVersionPassed => Refusal::ResetLinkInvalid,
        }
    }
}

impl ResetLink {
    /// The account whose password the link may set now.
    pub(crate) fn redeemable<'a>(
        &self,
        account: Option<&'a Account>,
        now: Timestamp,
    ) -> Result<&'a Account, LinkVoid> {
        if now.has_reached(self.expires_at) {
            return Err(LinkVoid::Expired);
        }
        let account = account.filter(|account| account.deleted_at.is_none()).ok_or(LinkVoid::NoAccount)?;
        if self.epoch != account.epoch {
            return Err(LinkVoid::EpochPassed);
        }
        if !account.is_open() {
            return Err(LinkVoid::NotOpen);
        }
        if self.recovery_version != account.recovery_version {
            return Err(LinkVoid::RecoveryVersionPassed);
        }
        Ok(account)
    }
}

/// Where a link for the account goes: to each mailbox that would count as a proof today. One that is disabled for wrong
/// codes is still the person's.
pub(crate) fn link_recipients(
    account: &Account,
    rules: &ResetRules,
    now: Timestamp,
) -> Result<Vec<Destination>, Refusal> {
    if !account.is_open() {
        return Err(Refusal::AccountNotOpen);
    }
    let counts = |entry: &&SecurityInfo| entry.is_known(rules) && entry.is_settled(rules, now);
    let is_mailbox = |destination: &Destination| destination.channel() == Channel::Email;
    let held = account.security_info.iter().filter(counts);
    let mailboxes: Vec<_> = held.filter_map(SecurityInfo::destination).filter(is_mailbox).collect();
    if mailboxes.is_empty() { Err(Refusal::NoAddressForLink) } else { Ok(mailboxes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{account, days, email, now, phone};
    use crate::domain::policy::Policy;
    use crate::domain::security_info::Standing;

    fn link(account: &Account) -> ResetLink {
        ResetLink {
            tenant_id: account.tenant_id,
            account_id: account.id,
            epoch: account.epoch,
            recovery_version: account.recovery_version,
            expires_at: now().plus(days(1)),
        }
    }

    #[test]
    fn a_link_dies_with_everything_that_a_reset_dies_with() {
        let ada = account();
        let link = link(&ada);
        let void = |account: &Account| link.redeemable(Some(account), now()).unwrap_err();

        assert_eq!(link.redeemable(Some(&ada), now()), Ok(&ada));
        assert_eq!(link.redeemable(Some(&ada), link.expires_at), Err(LinkVoid::Expired));
        assert_eq!(link.redeemable(None, now()), Err(LinkVoid::NoAccount));
        assert_eq!(void(&Account { deleted_at: Some(now()), ..ada.clone() }), LinkVoid::NoAccount);
        assert_eq!(void(&Account { epoch: ada.epoch.next(), ..ada.clone() }), LinkVoid::EpochPassed);
        assert_eq!(void(&Account { blocked: true, ..ada.clone() }), LinkVoid::NotOpen);
        assert_eq!(void(&Account { frozen: true, ..ada.clone() }), LinkVoid::NotOpen);
        let version = RecoveryVersion(ada.recovery_version.0 + 1);
        assert_eq!(void(&Account { recovery_version: version, ..ada }), LinkVoid::RecoveryVersionPassed);
    }

    #[test]
    fn a_link_goes_to_mailboxes_that_count_and_to_nothing_else() {
        let rules = Policy::default().reset;
        let young = SecurityInfo { is_first: false, changed_at: now(), ..email(2) };
        let unconfirmed = SecurityInfo { standing: Standing::Unconfirmed, ..email(3) };
        let disabled = SecurityInfo { disabled: true, ..email(4) };
        let entries = vec![email(1), young.clone(), unconfirmed, disabled, phone(5)];
        let ada = Account { security_info: entries, ..account() };

        let sent = link_recipients(&ada, &rules, now()).unwrap();

        let addresses: Vec<_> = sent.iter().map(|to| to.as_str().to_owned()).collect();
        assert_eq!(addresses, ["anna1@mail.example", "anna4@mail.example"]);
        let only_young = Account { security_info: vec![young, phone(5)], ..account() };
        assert_eq!(link_recipients(&only_young, &rules, now()), Err(Refusal::NoAddressForLink));
        let blocked = Account { blocked: true, ..ada };
        assert_eq!(link_recipients(&blocked, &rules, now()), Err(Refusal::AccountNotOpen));
    }
}
