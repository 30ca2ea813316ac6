//! Moments as they are typed and shown.

use std::str::FromStr;
use std::time::Duration;

use rekey_primitives::clock::{Clock as _, SystemClock, Timestamp};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment that was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(Timestamp);

impl Moment {
    pub(super) fn now() -> Self {
        Self(SystemClock.now())
    }

    /// As the contract has it.
    pub(crate) fn wire(self) -> prost_types::Timestamp {
        rekey_wire::time::timestamp(self.0.unix_micros())
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parsed(text, SystemClock.now())
            .map(Self)
            .ok_or("neither like 2026-01-31T12:00:00Z nor like 30d, 12h or 5m")
    }
}

fn parsed(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) {
        return i64::try_from(at.unix_timestamp_nanos() / 1_000).ok().map(Timestamp::from_unix_micros);
    }
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        _ => return None,
    };
    let ago = number.parse::<u32>().ok()?;
    Some(now.minus(Duration::from_secs(u64::from(ago) * seconds)))
}

/// A moment to the microsecond, in UTC.
pub(super) fn text(at: &prost_types::Timestamp) -> String {
    rekey_wire::time::unix_micros(at)
        .map(|micros| Timestamp::from_unix_micros(micros).to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_typed_as_dates_or_as_ages() {
        let now = Timestamp::from_unix_micros(1_900_000_000_000_000);
        let at = |text| parsed(text, now).map(Timestamp::unix_seconds);

        let day = 86_400;
        assert_eq!(at("2030-03-17T17:46:40Z"), Some(1_900_000_000));
        assert_eq!(at("2030-03-17T18:46:40.5+01:00"), Some(1_900_000_000));
        assert_eq!(at("30d"), Some(1_900_000_000 - 30 * day));
        assert_eq!(at("5m"), Some(1_900_000_000 - 300));
        assert_eq!(["", "d", "5", "5w", "-5d", "yesterday", "5é"].map(at), [None; 7]);
    }
}
