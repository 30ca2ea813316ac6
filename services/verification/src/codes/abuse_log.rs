//! Which findings of the rules against abuse are worth a line of the log: the first of a minute for each tenant and rule, with how
//! many there were since the one before. An attack is thousands of them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use super::recent::Recent;
use crate::domain::abuse::AbuseRule;

/// How long further ones are only counted.
const PAUSE: Duration = Duration::from_secs(60);

/// The most tenants and rules that are told apart within a minute. Beyond them nothing is said: where so many tenants are attacked at
/// once, a thousand lines have told that.
const MOST: usize = 1_024;

/// What was said of late, with the findings since.
pub(crate) struct AbuseLog(Mutex<Recent<(TenantId, AbuseRule), u64>>);

impl Default for AbuseLog {
    fn default() -> Self {
        Self(Mutex::new(Recent::new(MOST, PAUSE)))
    }
}

impl AbuseLog {
    /// How many findings a line is about, if one is due.
    pub(super) fn due(&self, tenant: TenantId, rule: AbuseRule, now: Timestamp) -> Option<u64> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let about = (tenant, rule);
        if let Some(since) = said.get_mut(&about, now) {
            *since += 1;
            return None;
        }
        let before = said.remove(&about);
        said.insert(about, 0, now).then(|| before.map_or(1, |since| since + 1))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_line_a_minute_tells_how_many_there_were() {
        let log = AbuseLog::default();
        let tenant = TenantId::from_uuid(Uuid::from_u128(7));
        let at = |seconds| Timestamp::EPOCH.plus(Duration::from_secs(seconds));
        let due = |seconds| log.due(tenant, AbuseRule::SprayBreaker, at(seconds));

        assert_eq!([due(0), due(1), due(59), due(60), due(61)], [Some(1), None, None, Some(3), None]);
    }

    #[test]
    fn rules_and_tenants_are_told_apart() {
        let log = AbuseLog::default();
        let [one, other] = [7, 8].map(|number| TenantId::from_uuid(Uuid::from_u128(number)));

        assert_eq!(log.due(one, AbuseRule::SprayBreaker, Timestamp::EPOCH), Some(1));
        assert_eq!(log.due(other, AbuseRule::SprayBreaker, Timestamp::EPOCH), Some(1));
        assert_eq!(log.due(one, AbuseRule::Tenant, Timestamp::EPOCH), Some(1));
    }

    #[test]
    fn as_many_tenants_as_there_are_get_a_line_a_minute_each_and_more_get_none() {
        let log = AbuseLog::default();
        let lines_at = |seconds| {
            let now = Timestamp::EPOCH.plus(Duration::from_secs(seconds));
            let tenants = (0..2_000).map(|number| TenantId::from_uuid(Uuid::from_u128(number)));
            tenants.filter(|tenant| log.due(*tenant, AbuseRule::SprayBreaker, now).is_some()).count()
        };

        assert_eq!([lines_at(0), lines_at(30), lines_at(90)], [MOST, 0, MOST]);
    }
}
