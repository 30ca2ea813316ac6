//! When a sign-in asks a person whether their security info is still right.
//!
//! People change numbers and leave mailboxes behind; who is not asked finds out when a reset is needed. The clock
//! starts at the newest sign of care: an entry that was confirmed, or the person saying that all is still right.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use super::account::Account;
use super::policy::SecurityInfoRules;
use super::security_info::{SecurityInfo, Standing};

const DAY: Duration = Duration::from_secs(86_400);

/// Whether a sign-in at `now` asks. Who has nothing registered is not asked about it.
pub(crate) fn is_due(account: &Account, rules: &SecurityInfoRules, now: Timestamp) -> bool {
    let Some(newest) = last_cared_for(account) else { return false };
    rules.reconfirm_days > 0 && now.has_reached(newest.plus(DAY * rules.reconfirm_days))
}

/// The newest sign that somebody looked after the entries; `None` if there are none to look after.
fn last_cared_for(account: &Account) -> Option<Timestamp> {
    let newest = account.security_info.iter().filter_map(known_since).max()?;
    Some(account.reconfirmed_at.map_or(newest, |said| said.max(newest)))
}

/// Since when an entry is known to be right. One that its person never confirmed and nobody filled in for them is not
/// theirs yet.
fn known_since(entry: &SecurityInfo) -> Option<Timestamp> {
    match entry.standing {
        Standing::Confirmed { at } => Some(at),
        Standing::Prefilled => Some(entry.added_at),
        Standing::Unconfirmed => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{account, days, email, holding, now, phone};

    fn due(account: &Account, reconfirm_days: u32) -> bool {
        is_due(account, &SecurityInfoRules { reconfirm_days, ..SecurityInfoRules::default() }, now())
    }

    /// Confirmed 200 days ago, like every entry of the fixtures.
    fn old() -> SecurityInfo {
        email(1)
    }

    #[test]
    fn a_confirmation_lasts_to_the_very_day() {
        let just = SecurityInfo {
            standing: Standing::Confirmed { at: now().minus(days(180)).plus(Duration::from_micros(1)) },
            ..old()
        };

        assert!(due(&holding(vec![old()]), 200));
        assert!(!due(&holding(vec![old()]), 201));
        assert!(!due(&holding(vec![just]), 180));
    }

    #[test]
    fn the_newest_sign_of_care_counts() {
        let fresh = SecurityInfo { standing: Standing::Confirmed { at: now().minus(days(10)) }, ..phone(2) };
        let said = |ago| Account { reconfirmed_at: Some(now().minus(days(ago))), ..holding(vec![old()]) };

        assert!(!due(&holding(vec![old(), fresh]), 180));
        assert!(!due(&said(10), 180));
        assert!(due(&said(190), 180));
        assert!(!due(&said(300), 201), "what was confirmed since counts");
    }

    #[test]
    fn nobody_is_asked_where_the_tenant_says_never() {
        assert!(!due(&holding(vec![old()]), 0));
    }

    #[test]
    fn who_has_no_method_is_not_asked() {
        let begun = SecurityInfo { standing: Standing::Unconfirmed, ..old() };
        let filled_in = SecurityInfo { standing: Standing::Prefilled, ..old() };
        let bare = Account { reconfirmed_at: Some(now().minus(days(700))), ..account() };

        assert!(!due(&bare, 180));
        assert!(!due(&holding(vec![begun]), 180));
        assert!(due(&holding(vec![filled_in]), 180));
    }
}
