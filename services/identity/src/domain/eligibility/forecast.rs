//! What a change of policy would do to the accounts of a tenant, added up account by account.

use rekey_primitives::clock::Timestamp;

use super::{Candidate, Ineligible, is_in_scope, judge};
use crate::domain::policy::Policy;
use crate::domain::policy::way_in::is_open_global_administrator;

/// The policy in force and the one that might be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Comparison<'a> {
    pub today: &'a Policy,
    pub then: &'a Policy,
    pub now: Timestamp,
}

/// Totals over the accounts looked at so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Forecast {
    pub accounts: u64,
    pub in_scope_today: u64,
    pub in_scope_then: u64,
    /// Could reset their password today,
    pub able_today: u64,
    /// and then.
    pub able_then: u64,
    pub stranded: u64,
    /// How many are stranded for each of [`CAUSES`]; one account may have several.
    pub by_cause: [u64; CAUSES.len()],
    pub global_administrators: u64,
    pub global_administrators_able_then: u64,
}

/// What a policy can strand an account by. What else keeps an account from a reset is the same under every policy.
pub(crate) const CAUSES: [Ineligible; 3] =
    [Ineligible::ResetNotEnabled, Ineligible::AccountNotInScope, Ineligible::TooFewMethods];

impl Forecast {
    /// Counts an account, and says why the change strands it: it could reset its password today and could not then. Nothing
    /// for all others.
    pub(crate) fn count(&mut self, candidate: &Candidate<'_>, compared: &Comparison<'_>) -> Vec<Ineligible> {
        let Comparison { today, then, now } = *compared;
        let (before, after) = (judge(candidate, today, now), judge(candidate, then, now));
        self.accounts += 1;
        self.in_scope_today += u64::from(is_in_scope(today, candidate.groups));
        self.in_scope_then += u64::from(is_in_scope(then, candidate.groups));
        self.able_today += u64::from(before.is_eligible());
        self.able_then += u64::from(after.is_eligible());
        if is_open_global_administrator(candidate.account) {
            self.global_administrators += 1;
            self.global_administrators_able_then += u64::from(after.is_eligible());
        }
        if !before.is_eligible() || after.is_eligible() {
            return Vec::new();
        }
        self.stranded += 1;
        for (counted, cause) in self.by_cause.iter_mut().zip(CAUSES) {
            *counted += u64::from(after.reasons.contains(&cause));
        }
        after.reasons
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::account::Account;
    use crate::domain::authority::{Role, RoleSet};
    use crate::domain::fixtures::{email, holding, now, phone, recovery_codes};
    use crate::domain::policy::{MethodHints, ResetScope};

    fn forecast(accounts: &[Account], today: &Policy, then: &Policy) -> Forecast {
        let (mut forecast, groups) = (Forecast::default(), BTreeSet::new());
        let compared = Comparison { today, then, now: now() };
        for account in accounts {
            forecast.count(&Candidate { account, groups: &groups, has_seat: true }, &compared);
        }
        forecast
    }

    fn asking_for(proofs_required: u8) -> Policy {
        let mut policy = Policy::default();
        policy.reset.proofs_required = proofs_required;
        policy
    }

    fn people() -> Vec<Account> {
        vec![
            holding(vec![email(1), email(2)]),
            holding(vec![email(1), phone(2)]),
            holding(vec![email(1), email(2), phone(3)]),
            holding(vec![phone(1), phone(2)]),
            holding(vec![email(1)]),
        ]
    }

    #[test]
    fn kinds_instead_of_methods_strand_who_has_two_of_one_kind() {
        let mut masked = asking_for(2);
        masked.reset.method_hints = MethodHints::Masked;

        let (kinds, back) =
            (forecast(&people(), &masked, &asking_for(2)), forecast(&people(), &asking_for(2), &masked));

        assert_eq!((kinds.able_today, kinds.able_then, kinds.stranded), (4, 2, 2));
        assert_eq!(kinds.by_cause, [0, 0, 2]);
        assert_eq!((back.able_today, back.able_then, back.stranded), (2, 4, 0));
    }

    #[test]
    fn whoever_could_not_before_is_not_stranded() {
        let mut nobody = Policy::default();
        nobody.reset.enabled_scope = ResetScope::Nobody;
        let mut people = people();
        people.push(Account { blocked: true, ..holding(vec![email(1)]) });
        people.push(holding(vec![]));

        let off = forecast(&people, &asking_for(1), &nobody);

        assert_eq!((off.accounts, off.in_scope_today, off.in_scope_then), (7, 7, 0));
        assert_eq!((off.able_today, off.able_then, off.stranded), (5, 0, 5));
        assert_eq!(off.by_cause, [5, 0, 0]);
    }

    #[test]
    fn an_account_is_counted_under_each_of_its_causes() {
        let mut groups_and_two = asking_for(2);
        groups_and_two.reset.enabled_scope =
            ResetScope::Groups { included: BTreeSet::new(), excluded: BTreeSet::new() };

        let both = forecast(&[holding(vec![email(1)])], &asking_for(1), &groups_and_two);

        assert_eq!((both.stranded, both.by_cause), (1, [0, 1, 1]));
    }

    #[test]
    fn global_administrators_are_counted_apart() {
        let roles = RoleSet::of(&[Role::GlobalAdministrator]);
        let administrator = Account { roles, ..holding(vec![email(1), recovery_codes(2)]) };
        let blocked = Account { blocked: true, ..administrator.clone() };
        let mut by_mail = asking_for(1);
        by_mail.reset.allowed_methods = [rekey_primitives::method::MethodKind::Email].into();

        let narrowed = forecast(&[administrator, blocked], &asking_for(1), &by_mail);

        assert_eq!((narrowed.global_administrators, narrowed.global_administrators_able_then), (1, 0));
        assert_eq!(narrowed.stranded, 1);
    }
}
