//! How long the work of this call may still take.
//!
//! The server layer takes what the caller asked for (`grpc-timeout`), never more than the part's ceiling, or
//! the default where nothing was asked, and answers `DEADLINE_EXCEEDED` when it is over. Inside, [`remaining`]
//! tells what is left: the client takes it as the ceiling of its own calls, hashing as its admission.
//!
//! Expiry drops the handler at its next await point. Only the answer is covered: the body of a server stream
//! lives on after the first headers.

use std::future::Future;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;
use tokio::time::Instant;

use crate::answers::{Called, Reason};

/// Most digits that `grpc-timeout` may have.
const TIMEOUT_DIGITS: usize = 8;

tokio::task_local! {
    static DEADLINE: Instant;
}

/// What is left of the call's time; `None` outside a call. Zero means that the answer is already lost.
#[must_use]
pub fn remaining() -> Option<Duration> {
    DEADLINE.try_with(|deadline| deadline.saturating_duration_since(Instant::now())).ok()
}

/// Runs `work` as if its caller allowed `budget`: for background loops, whose calls should end as well.
pub async fn scope<F: Future>(budget: Duration, work: F) -> F::Output {
    DEADLINE.scope(Instant::now() + budget, work).await
}

/// The bounds of a part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) default: Duration,
    pub(crate) ceiling: Duration,
}

/// The stage.
pub(crate) async fn bound(
    bounds: Bounds,
    called: &Called,
    request: Request,
    onward: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let Ok(asked) = asked(request.headers()) else {
        return called.refuse(Reason::RequestMalformed).into_http();
    };
    let budget = asked.unwrap_or(bounds.default).min(bounds.ceiling);
    let deadline = Instant::now() + budget;
    tokio::select! {
        biased;
        response = DEADLINE.scope(deadline, onward(request)) => response,
        () = tokio::time::sleep_until(deadline) => called.refuse(Reason::DeadlineExceeded).into_http(),
    }
}

/// What `grpc-timeout` asks for: at most eight digits and a unit.
fn asked(headers: &HeaderMap) -> Result<Option<Duration>, ()> {
    let Some(value) = headers.get("grpc-timeout") else { return Ok(None) };
    let text = value.to_str().map_err(|_| ())?;
    let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(())?;
    if digits.is_empty() || digits.len() > TIMEOUT_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(());
    }
    let count: u64 = digits.parse().map_err(|_| ())?;
    Ok(Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return Err(()),
    }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;

    use super::{asked, remaining, scope};

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static("grpc-timeout"), value.parse().unwrap())])
    }

    #[test]
    fn a_timeout_has_at_most_eight_digits_and_a_unit() {
        assert_eq!(asked(&HeaderMap::new()), Ok(None));
        assert_eq!(asked(&headers("250m")), Ok(Some(Duration::from_millis(250))));
        assert_eq!(asked(&headers("99999999H")), Ok(Some(Duration::from_secs(99_999_999 * 3600))));
        for wrong in ["", "m", "10", "123456789m", "-1S", "1 S", "1x"] {
            assert_eq!(asked(&headers(wrong)), Err(()), "{wrong}");
        }
    }

    #[tokio::test]
    async fn what_is_left_is_known_inside_and_ends_at_zero() {
        assert_eq!(remaining(), None);
        assert_eq!(scope(Duration::ZERO, async { remaining() }).await, Some(Duration::ZERO));

        let left = scope(Duration::from_secs(60), async { remaining() }).await.unwrap();

        assert!((Duration::from_secs(30)..=Duration::from_secs(60)).contains(&left), "{left:?}");
    }
}
