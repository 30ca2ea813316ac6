//! Which findings of the rules against abuse are worth a line of the log: the first of a minute for each tenant and rule, with how
//! many there were since the one before. An attack is thousands of them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use crate::domain::abuse::AbuseRule;

/// How long further ones are only counted.
const PAUSE: Duration = Duration::from_secs(60);

/// Tenants share slots: another one's line may come early, and a process that serves a million of them remembers no more.
const SLOTS: usize = 256;

/// What was said last.
#[derive(Clone, Copy)]
struct Said {
    about: (TenantId, AbuseRule),
    at: Timestamp,
    /// Findings since.
    since: u64,
}

pub(crate) struct AbuseLog(Mutex<[Option<Said>; SLOTS]>);

impl Default for AbuseLog {
    fn default() -> Self {
        Self(Mutex::new([None; SLOTS]))
    }
}

impl AbuseLog {
    /// How many findings a line is about, if one is due.
    pub(super) fn due(&self, tenant: TenantId, rule: AbuseRule, now: Timestamp) -> Option<u64> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut slots[slot_of(tenant, rule)];
        let about = (tenant, rule);
        let before = slot.filter(|said| said.about == about);
        if let Some(said) = slot
            && said.about == about
            && said.at.plus(PAUSE).is_ahead(PAUSE, now)
        {
            said.since += 1;
            return None;
        }
        *slot = Some(Said { about, at: now, since: 0 });
        Some(before.map_or(1, |said| said.since + 1))
    }
}

/// The last byte of an id is random, in every version of UUIDs that tenants have.
fn slot_of(tenant: TenantId, rule: AbuseRule) -> usize {
    let last = usize::from(tenant.as_uuid().as_bytes()[15]);
    (last + rule as usize) % SLOTS
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
}
