//! How long a call may take: what was asked for, never more than what the work around it has left.
//!
//! The server has the same arithmetic on its side of `grpc-timeout`; the two must agree in nothing but the
//! header.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

/// Tells what is left of the call that is being served, if one is: a service passes
/// `rekey_runtime::deadline::remaining`.
pub type Remaining = fn() -> Option<Duration>;

pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// Kept back from what is left, so that there is time to say what went wrong.
const MARGIN: Duration = Duration::from_millis(20);

/// Most digits that `grpc-timeout` may have.
const MOST: u128 = 99_999_999;

/// The time for this call; `None` when there is nothing left to start it with.
pub(crate) fn budget(
    asked: Option<Duration>,
    usual: Duration,
    remaining: Option<Duration>,
) -> Option<Duration> {
    let wanted = asked.unwrap_or(usual);
    let left = remaining.map_or(wanted, |left| wanted.min(left.saturating_sub(MARGIN)));
    (!left.is_zero()).then_some(left)
}

/// What the request asks for itself, as `tonic::Request::set_timeout` writes it.
pub(crate) fn asked(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(GRPC_TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count.checked_mul(3600)?),
        "M" => Duration::from_secs(count.checked_mul(60)?),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

/// `grpc-timeout` in the finest unit that fits into eight digits, rounded down.
pub(crate) fn header(left: Duration) -> HeaderValue {
    let units = [(left.as_micros(), 'u'), (left.as_millis(), 'm'), (u128::from(left.as_secs()), 'S')];
    let (count, unit) = units
        .into_iter()
        .find(|(count, _)| *count <= MOST)
        .unwrap_or((u128::from(left.as_secs() / 3600), 'H'));
    HeaderValue::from_str(&format!("{}{unit}", count.min(MOST)))
        .unwrap_or_else(|_| HeaderValue::from_static("0n"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;

    use super::{GRPC_TIMEOUT, asked, budget, header};

    const USUAL: Duration = Duration::from_secs(10);

    #[test]
    fn the_smallest_of_asked_and_left_wins() {
        let second = Duration::from_secs(1);

        assert_eq!(budget(None, USUAL, None), Some(USUAL));
        assert_eq!(budget(Some(second), USUAL, None), Some(second));
        assert_eq!(budget(Some(second), USUAL, Some(USUAL)), Some(second));
        assert_eq!(budget(None, USUAL, Some(second)), Some(Duration::from_millis(980)));
    }

    #[test]
    fn nothing_starts_when_nothing_is_left() {
        assert_eq!(budget(None, USUAL, Some(Duration::from_millis(20))), None);
        assert_eq!(budget(Some(Duration::ZERO), USUAL, None), None);
    }

    #[test]
    fn a_header_has_at_most_eight_digits_and_reads_back() {
        for left in [Duration::from_micros(7), Duration::from_millis(99_999), Duration::from_secs(86_400)] {
            let value = header(left);
            assert!(value.len() <= 9, "{value:?}");
            let headers = HeaderMap::from_iter([(GRPC_TIMEOUT, value)]);
            assert_eq!(asked(&headers), Some(left));
        }
        assert!(header(Duration::MAX).len() <= 9);
    }
}
