//! Password spraying: one guess tried on many logins, so that no login is locked and no network stands out.
//!
//! What gives it away is the tenant as a whole: at places that no login is known to use, far more logins fail than get in.
//! People who mistype get in with the next try, so of their logins about as many get in as fail.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::method::MethodKind;

use super::account::Account;
use super::eligibility::in_offering_order;
use super::policy::Policy;
use super::reset::recipients::Recipients;
use super::security_info::SecurityInfo;

/// Over which time logins are counted: long enough that a guess a minute adds up, short enough that it is over soon after
/// it ends.
pub(crate) const WINDOW: Duration = Duration::from_secs(600);

/// How many logins of a tenant were tried at unfamiliar places within [`WINDOW`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StrangeLogins {
    /// Those that a wrong password was typed for.
    pub failed: u64,
    /// Those that got in, whether or not they failed before.
    pub right: u64,
}

impl StrangeLogins {
    /// Whether it looks like spraying, where so many failing logins are the fewest that do: at least that many, and twice as
    /// many as get in.
    pub(crate) const fn look_sprayed(self, fewest: u64) -> bool {
        self.failed >= fewest && self.failed >= 2 * self.right
    }
}

/// Where the code goes that a sign-in amid spraying is asked for: to one kind of the account's addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodeAddresses {
    pub kind: MethodKind,
    /// 1 to 5 of one channel.
    pub destinations: Vec<Destination>,
}

impl CodeAddresses {
    /// Every e-mail address that counts today, else the default phone number; `None` for an account that has neither.
    pub(crate) fn of(account: &Account, policy: &Policy, now: Timestamp) -> Option<Self> {
        let mut counting = in_offering_order(account, policy);
        counting.retain(|entry| entry.counts(&policy.reset, now));
        [MethodKind::Email, MethodKind::Phone].into_iter().find_map(|kind| {
            let recipients = Recipients::of(kind, counting.iter().copied());
            let entries = recipients.among(kind, &account.security_info);
            let destinations: Vec<_> = entries.filter_map(SecurityInfo::destination).collect();
            (!destinations.is_empty()).then_some(Self { kind, destinations })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{authenticator, email, holding, now, phone};
    use crate::domain::security_info::Standing;

    const FEWEST: u64 = 50;

    fn sprayed(failed: u64, right: u64) -> bool {
        StrangeLogins { failed, right }.look_sprayed(FEWEST)
    }

    #[test]
    fn many_logins_that_fail_and_few_that_get_in_look_sprayed() {
        assert!(sprayed(50, 0));
        assert!(sprayed(1_024, 500));
    }

    #[test]
    fn a_monday_morning_does_not() {
        assert!(!sprayed(49, 0), "a few");
        assert!(!sprayed(120, 300), "most get in");
        assert!(!sprayed(1_024, 1_024), "both counts are full");
    }

    #[test]
    fn a_code_goes_to_all_mail_that_counts_else_to_the_default_phone() {
        let kind_of = |entries| {
            let found = CodeAddresses::of(&holding(entries), &Policy::default(), now());
            found.map(|found| (found.kind, found.destinations.len()))
        };
        let unconfirmed = SecurityInfo { standing: Standing::Unconfirmed, ..email(1) };

        assert_eq!(kind_of(vec![phone(1), email(2), email(3)]), Some((MethodKind::Email, 2)));
        assert_eq!(kind_of(vec![phone(1), phone(2), authenticator(3)]), Some((MethodKind::Phone, 1)));
        assert_eq!(kind_of(vec![unconfirmed, authenticator(3)]), None);
    }
}
