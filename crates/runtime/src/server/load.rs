//! A bound on the calls worked on at once. Beyond it callers are told to come back: a queue would only make
//! everybody late and hide it from the caller's own balancing.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::Semaphore;

use crate::answers::{Called, Reason};
use crate::health::HealthService;

/// The middleware. Health passes always: a busy process is alive. A stream holds its place only until its
/// first headers, or a few watchers would fill the house.
pub(super) async fn admit(State(permits): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let called = Called::by(&request);
    if called.service() == HealthService::NAME {
        return next.run(request).await;
    }
    match permits.try_acquire() {
        Ok(_permit) => next.run(request).await,
        Err(_) => called.refuse(Reason::Overloaded).into_http(),
    }
}
