//! The limit of concurrent calls. Beyond it callers are told to come back: a queue would make everybody late, and
//! hide the load from the caller's own balancing.

use axum::extract::Request;
use axum::response::Response;
use tokio::sync::Semaphore;

use crate::error_details::{Reason, RpcName};
use crate::health::HealthService;

/// The stage. Health always passes: a busy process is alive. A stream holds its permit only until its first headers,
/// or a few watchers would use them all up.
pub(super) async fn limit(
    permits: &Semaphore,
    rpc: &RpcName,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    if rpc.service() == HealthService::NAME {
        return next(request).await;
    }
    match permits.try_acquire() {
        Ok(_permit) => next(request).await,
        Err(_) => rpc.refuse(Reason::Overloaded).into_http(),
    }
}
