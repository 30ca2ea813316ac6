//! The second factor of a sign-in: whom it is asked of, and what is taken for it.
//!
//! Whoever confirmed an authenticator, or registered a passkey, is asked, from that moment and for as long as they have it. One that wrong codes
//! disabled is taken for nothing, and is asked for all the same: guessing must not take the question away.

use rekey_primitives::method::{MethodKind, ProofClass};

use super::account::Account;
use super::policy::Policy;
use super::security_info::{Holding, SecurityInfo, Standing};

/// Whether a right password alone does not sign in.
pub(crate) fn is_demanded(account: &Account) -> bool {
    let is_factor = |entry: &SecurityInfo| entry.kind().class() == ProofClass::Authenticator;
    account.security_info.iter().any(|entry| is_factor(entry) && is_confirmed(entry))
}

/// The entries of a kind that are taken for it.
pub(crate) fn taken(account: &Account, kind: MethodKind) -> Vec<&SecurityInfo> {
    let serves = |entry: &&SecurityInfo| {
        entry.kind() == kind
            && entry.destination().is_none()
            && is_confirmed(entry)
            && !entry.disabled
            && !matches!(entry.holding, Holding::RecoveryCodes { remaining: 0 })
    };
    account.security_info.iter().filter(serves).collect()
}

/// Whether its person signs in without a password, by a passkey.
pub(crate) fn signs_in_alone(account: &Account, policy: &Policy) -> bool {
    policy.sign_in.passkey_alone && !taken(account, MethodKind::Passkey).is_empty()
}

/// The kinds of which one is taken, in their order.
pub(crate) fn kinds_taken(account: &Account) -> Vec<MethodKind> {
    MethodKind::ALL.iter().copied().filter(|kind| !taken(account, *kind).is_empty()).collect()
}

fn is_confirmed(entry: &SecurityInfo) -> bool {
    matches!(entry.standing, Standing::Confirmed { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{authenticator, email, holding, passkey, recovery_codes};

    #[test]
    fn who_confirmed_an_authenticator_is_asked() {
        let begun = SecurityInfo { standing: Standing::Unconfirmed, ..authenticator(2) };

        assert!(is_demanded(&holding(vec![email(1), authenticator(2)])));
        assert!(!is_demanded(&holding(vec![email(1), recovery_codes(3)])));
        assert!(!is_demanded(&holding(vec![email(1), begun])));
        assert!(is_demanded(&holding(vec![email(1), passkey(4)])));
        assert_eq!(kinds_taken(&holding(vec![email(1), passkey(4)])), [MethodKind::Passkey]);
    }

    #[test]
    fn guessing_does_not_take_the_question_away() {
        let guessed_at =
            holding(vec![SecurityInfo { disabled: true, ..authenticator(2) }, recovery_codes(3)]);

        assert!(is_demanded(&guessed_at));
        assert_eq!(kinds_taken(&guessed_at), [MethodKind::RecoveryCode]);
    }

    #[test]
    fn addresses_and_lists_that_are_used_up_are_no_factors() {
        let used_up = SecurityInfo { holding: Holding::RecoveryCodes { remaining: 0 }, ..recovery_codes(3) };

        let taken = kinds_taken(&holding(vec![email(1), authenticator(2), used_up]));

        assert_eq!(taken, [MethodKind::Authenticator]);
    }
}
