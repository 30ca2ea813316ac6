//! How long a call may take: what was asked for, never more than what the work around it has left.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use rekey_primitives::grpc_timeout;

/// Tells what is left of the call that is being served, if one is: a service passes
/// `rekey_runtime::deadline::remaining`.
pub type Remaining = fn() -> Option<Duration>;

pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static(grpc_timeout::HEADER);

/// Kept back from what is left, so that there is time to say what went wrong.
const MARGIN: Duration = Duration::from_millis(20);

/// The time for this call; `None` when there is nothing left to start it with.
pub(crate) fn budget(
    requested: Option<Duration>,
    default: Duration,
    remaining: Option<Duration>,
) -> Option<Duration> {
    let wanted = requested.unwrap_or(default);
    let left = remaining.map_or(wanted, |left| wanted.min(left.saturating_sub(MARGIN)));
    (!left.is_zero()).then_some(left)
}

/// What the request asks for itself, as `tonic::Request::set_timeout` writes it.
pub(crate) fn requested(headers: &HeaderMap) -> Option<Duration> {
    grpc_timeout::parse(headers.get(grpc_timeout::HEADER)?.to_str().ok()?)
}

/// The value of `grpc-timeout` for what is left.
pub(crate) fn header(left: Duration) -> HeaderValue {
    HeaderValue::from_str(&grpc_timeout::format(left)).unwrap_or_else(|_| HeaderValue::from_static("0n"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;

    use super::{GRPC_TIMEOUT, budget, header, requested};

    const DEFAULT: Duration = Duration::from_secs(10);

    #[test]
    fn the_smallest_of_requested_and_left_wins() {
        let second = Duration::from_secs(1);

        assert_eq!(budget(None, DEFAULT, None), Some(DEFAULT));
        assert_eq!(budget(Some(second), DEFAULT, None), Some(second));
        assert_eq!(budget(Some(second), DEFAULT, Some(DEFAULT)), Some(second));
        assert_eq!(budget(None, DEFAULT, Some(second)), Some(Duration::from_millis(980)));
    }

    #[test]
    fn nothing_starts_when_nothing_is_left() {
        assert_eq!(budget(None, DEFAULT, Some(Duration::from_millis(20))), None);
        assert_eq!(budget(Some(Duration::ZERO), DEFAULT, None), None);
    }

    #[test]
    fn a_header_reads_back() {
        let headers = HeaderMap::from_iter([(GRPC_TIMEOUT, header(DEFAULT))]);

        assert_eq!(requested(&headers), Some(DEFAULT));
        assert_eq!(requested(&HeaderMap::new()), None);
    }
}
