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
use rekey_primitives::grpc_timeout;
use tokio::time::Instant;

use crate::error_details::{Reason, RpcName};

tokio::task_local! {
    static DEADLINE: Instant;
}

/// What is left of the call's time; `None` outside a call. Zero means that it is too late for an answer.
#[must_use]
pub fn remaining() -> Option<Duration> {
    DEADLINE.try_with(|deadline| deadline.saturating_duration_since(Instant::now())).ok()
}

/// Runs `work` with a deadline of its own: for background loops, whose calls should end as well.
pub async fn scope<F: Future>(budget: Duration, work: F) -> F::Output {
    DEADLINE.scope(Instant::now() + budget, work).await
}

/// The deadlines of a part: the one of calls that name none, and the longest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeadlineBounds {
    pub(crate) default: Duration,
    pub(crate) ceiling: Duration,
}

/// The stage.
pub(crate) async fn enforce(
    bounds: DeadlineBounds,
    rpc: &RpcName,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let Ok(requested) = requested(request.headers()) else {
        return rpc.refuse(Reason::RequestMalformed).into_http();
    };
    let budget = requested.unwrap_or(bounds.default).min(bounds.ceiling);
    let deadline = Instant::now() + budget;
    tokio::select! {
        biased;
        response = DEADLINE.scope(deadline, next(request)) => response,
        () = tokio::time::sleep_until(deadline) => rpc.refuse(Reason::DeadlineExceeded).into_http(),
    }
}

/// What `grpc-timeout` asks for, if it is there; an error if it is no timeout.
fn requested(headers: &HeaderMap) -> Result<Option<Duration>, Malformed> {
    let Some(value) = headers.get(grpc_timeout::HEADER) else { return Ok(None) };
    value.to_str().ok().and_then(grpc_timeout::parse).map(Some).ok_or(Malformed)
}

/// A `grpc-timeout` that is no timeout.
#[derive(Debug, PartialEq, Eq)]
struct Malformed;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;

    use super::{Malformed, remaining, requested, scope};

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static("grpc-timeout"), value.parse().unwrap())])
    }

    #[test]
    fn a_header_is_absent_a_timeout_or_malformed() {
        assert_eq!(requested(&HeaderMap::new()), Ok(None));
        assert_eq!(requested(&headers("250m")), Ok(Some(Duration::from_millis(250))));
        assert_eq!(requested(&headers("1x")), Err(Malformed));
        assert_eq!(requested(&headers("\u{e9}")), Err(Malformed));
    }

    #[tokio::test]
    async fn what_is_left_is_known_inside_and_ends_at_zero() {
        assert_eq!(remaining(), None);
        assert_eq!(scope(Duration::ZERO, async { remaining() }).await, Some(Duration::ZERO));

        let left = scope(Duration::from_secs(60), async { remaining() }).await.unwrap();

        assert!((Duration::from_secs(30)..=Duration::from_secs(60)).contains(&left), "{left:?}");
    }
}
