//! The text of a `grpc-timeout` header: at most eight digits and a unit (gRPC over HTTP/2, "Requests").
//!
//! The server reads it and the client writes it; a client also reads what its own caller asked for.

use std::time::Duration;

/// The header.
pub const HEADER: &str = "grpc-timeout";

const MAX_DIGITS: usize = 8;
const MAX_COUNT: u128 = 99_999_999;

/// Reads a timeout; none if the text is not one.
pub fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// Writes a timeout in the finest unit, microseconds at best, that fits into eight digits, rounded down.
pub fn format(timeout: Duration) -> String {
    let units =
        [(timeout.as_micros(), 'u'), (timeout.as_millis(), 'm'), (u128::from(timeout.as_secs()), 'S')];
    let (count, unit) = units
        .into_iter()
        .find(|(count, _)| *count <= MAX_COUNT)
        .unwrap_or((u128::from(timeout.as_secs() / 3600), 'H'));
    format!("{}{unit}", count.min(MAX_COUNT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_has_at_most_eight_digits_and_a_unit() {
        assert_eq!(parse("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        for wrong in ["", "m", "10", "123456789m", "-1S", "1 S", "1x", "1é"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_written_has_at_most_eight_digits_and_reads_back() {
        for left in [Duration::from_micros(7), Duration::from_millis(99_999), Duration::from_secs(86_400)] {
            let text = format(left);
            assert!(text.len() <= 9, "{text}");
            assert_eq!(parse(&text), Some(left));
        }
        assert!(format(Duration::MAX).len() <= 9);
    }
}
