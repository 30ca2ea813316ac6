//! A caller on the phone: which of their methods a code goes to, and what such a code stands for.
//!
//! The code proves to a helpdesk that the caller holds a method of the account, and nothing else: it is none of a reset's, and
//! its tries are counted by themselves.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SecurityInfoId, TenantId, VerificationId};
use rekey_primitives::method::MethodKind;
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::policy::ResetRules;
use super::refusal::Refusal;
use super::security_info::SecurityInfo;

/// A code that was sent to a caller, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallerCode {
    pub tenant_id: TenantId,
    pub account_id: AccountId,
    pub entry: SecurityInfoId,
    pub verification_id: VerificationId,
    /// Hash of who had it sent, who alone may show it.
    pub asked_by: [u8; 32],
    pub expires_at: Timestamp,
}

/// Where the code goes: to a method that would count as a proof today, of the kind that is asked for, or the default one, or
/// else by text before mail, since the caller is on the phone.
pub(crate) fn caller_method<'a>(
    account: &'a Account,
    kind: Option<MethodKind>,
    rules: &ResetRules,
    now: Timestamp,
) -> Result<&'a SecurityInfo, Refusal> {
    let is_asked_for = |entry: &&SecurityInfo| match kind {
        Some(kind) => entry.kind() == kind,
        None => true,
    };
    account
        .security_info
        .iter()
        .filter(|entry| entry.destination().is_some() && entry.counts(rules, now))
        .filter(is_asked_for)
        .min_by_key(|entry| (!entry.is_default, entry.kind() != MethodKind::Phone, entry.added_at))
        .ok_or(Refusal::NoMethodForCaller)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{authenticator, email, holding, now, phone};
    use crate::domain::policy::Policy;
    use crate::domain::security_info::Standing;

    fn chosen(entries: Vec<SecurityInfo>, kind: Option<MethodKind>) -> Result<SecurityInfoId, Refusal> {
        let rules = Policy::default().reset;
        caller_method(&holding(entries), kind, &rules, now()).map(|entry| entry.id)
    }

    #[test]
    fn the_code_goes_to_what_is_asked_for_then_the_default_then_the_phone() {
        let default_mail = SecurityInfo { is_default: true, ..email(3) };

        assert_eq!(chosen(vec![email(1), phone(2)], None), Ok(phone(2).id));
        assert_eq!(chosen(vec![email(1), phone(2), default_mail.clone()], None), Ok(default_mail.id));
        assert_eq!(chosen(vec![default_mail, phone(2)], Some(MethodKind::Phone)), Ok(phone(2).id));
        assert_eq!(chosen(vec![email(1)], Some(MethodKind::Email)), Ok(email(1).id));
    }

    #[test]
    fn no_code_goes_to_what_would_prove_nothing() {
        let unconfirmed = SecurityInfo { standing: Standing::Unconfirmed, ..phone(1) };
        let young = SecurityInfo { is_first: false, changed_at: now(), ..phone(2) };
        let disabled = SecurityInfo { disabled: true, ..email(3) };

        assert_eq!(
            chosen(vec![unconfirmed, young, disabled, authenticator(4)], None),
            Err(Refusal::NoMethodForCaller)
        );
        assert_eq!(chosen(vec![phone(1)], Some(MethodKind::Email)), Err(Refusal::NoMethodForCaller));
    }
}
