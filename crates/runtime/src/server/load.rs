//! A bound on the calls worked on at once. Beyond it callers are told to come back: a queue would only make
//! everybody late and hide it from the caller's own balancing.

use axum::extract::Request;
use axum::response::Response;
use tokio::sync::Semaphore;

use crate::answers::{Called, Reason};
use crate::health::HealthService;

/// The stage. Health passes always: a busy process is alive. A stream holds its place only until its
/// first headers, or a few watchers would fill the house.
pub(super) async fn admit(
    permits: &Semaphore,
    called: &Called,
    request: Request,
    onward: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    if called.service() == HealthService::NAME {
        return onward(request).await;
    }
    match permits.try_acquire() {
        Ok(_permit) => onward(request).await,
        Err(_) => called.refuse(Reason::Overloaded).into_http(),
    }
}
