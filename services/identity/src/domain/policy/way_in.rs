//! Whether a policy leaves the tenant somebody who can mend it.
//!
//! A way in is a password that still signs in, a passkey where the policy lets one do so alone, or a reset that it allows. Only
//! the last two go with the policy, so most changes lock nobody out; one does where all global administrators wait for their first password by a reset, or lost
//! theirs when a reset was repudiated.

use rekey_primitives::clock::Timestamp;

use super::Policy;
use crate::domain::account::{Account, PasswordRecord};
use crate::domain::authority::Role;
use crate::domain::eligibility::{Candidate, judge};
use crate::domain::second_factor::signs_in_alone;

/// Whether an account could mend the tenant's policy if it got in.
pub(crate) fn is_open_global_administrator(account: &Account) -> bool {
    account.is_open() && account.roles.contains(Role::GlobalAdministrator)
}

/// Whether its person gets in under this policy.
pub(crate) fn has_way_in(candidate: &Candidate<'_>, policy: &Policy, now: Timestamp) -> bool {
    signs_in(candidate.account, now)
        || signs_in_alone(candidate.account, policy)
        || judge(candidate, policy, now).is_eligible()
}

/// An expired password still signs in, to be changed; a temporary one whose time is over does not.
fn signs_in(account: &Account, now: Timestamp) -> bool {
    let is_over =
        |record: &PasswordRecord| record.temporary_until.is_some_and(|until| now.has_reached(until));
    account.password.as_ref().is_some_and(|record| !is_over(record))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::authority::RoleSet;
    use crate::domain::fixtures::{account, days, email, now, passkey, password, recovery_codes};
    use crate::domain::policy::ResetScope;

    /// Two classes of proofs and no password.
    fn without_a_password() -> Account {
        let roles = RoleSet::of(&[Role::GlobalAdministrator]);
        Account { password: None, roles, security_info: vec![email(1), recovery_codes(2)], ..account() }
    }

    fn gets_in(administrator: &Account, adapt: impl FnOnce(&mut Policy)) -> bool {
        let mut policy = Policy::default();
        adapt(&mut policy);
        let candidate = Candidate { account: administrator, groups: &BTreeSet::new(), has_seat: true };
        has_way_in(&candidate, &policy, now())
    }

    #[test]
    fn a_password_that_signs_in_is_a_way_in_whatever_the_policy() {
        let mut temporary = password();
        temporary.temporary_until = Some(now());
        let holder = |password| Account { password: Some(password), ..without_a_password() };
        let off = |policy: &mut Policy| policy.reset.enabled_scope = ResetScope::Nobody;

        assert!(gets_in(&holder(password()), off));
        assert!(gets_in(
            &holder(PasswordRecord { set_at: now().minus(days(900)), ..password() }),
            |policy| {
                policy.reset.enabled_scope = ResetScope::Nobody;
                policy.password.expiry_days = Some(14);
            }
        ));
        assert!(!gets_in(&holder(temporary), off));
    }

    #[test]
    fn without_one_scope_and_methods_decide() {
        let waiting = without_a_password();

        assert!(gets_in(&waiting, |_| {}));
        assert!(!gets_in(&waiting, |policy| policy.reset.enabled_scope = ResetScope::Nobody));
        assert!(!gets_in(&waiting, |policy| {
            policy.reset.allowed_methods = [rekey_primitives::method::MethodKind::Email].into();
        }));
        assert!(!gets_in(&waiting, |policy| {
            let (included, excluded) = (BTreeSet::new(), BTreeSet::new());
            policy.reset.enabled_scope = ResetScope::Groups { included, excluded };
        }));
    }

    #[test]
    fn a_passkey_is_a_way_in_where_it_signs_in_alone() {
        let holder = Account { security_info: vec![email(1), passkey(4)], ..without_a_password() };
        let off = |alone: bool| {
            move |policy: &mut Policy| {
                policy.reset.enabled_scope = ResetScope::Nobody;
                policy.sign_in.passkey_alone = alone;
            }
        };

        assert!(gets_in(&holder, off(true)));
        assert!(!gets_in(&holder, off(false)));
    }

    #[test]
    fn only_an_open_account_that_holds_the_role_could_mend_a_policy() {
        let open = without_a_password();

        assert!(is_open_global_administrator(&open));
        assert!(!is_open_global_administrator(&Account { blocked: true, ..open.clone() }));
        assert!(!is_open_global_administrator(&Account {
            roles: RoleSet::of(&[Role::UserAdministrator]),
            ..open
        }));
    }
}
