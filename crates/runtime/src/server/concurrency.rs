//! The limits of concurrent calls: of all of them, and of each caller's. Beyond them callers are told to come back: a
//! queue would make everybody late, and hide the load from the caller's own balancing.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::sync::Semaphore;

use crate::access::Caller;
use crate::error_details::{Reason, RpcName};
use crate::health::HealthService;
use crate::shares::Shares;

/// The stage. Health always passes: a busy process is alive. A stream holds its permit only until its first headers,
/// or a few watchers would use them all up.
pub(super) async fn limit(
    permits: &Semaphore,
    rpc: &RpcName,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    if HealthService::PATHS.contains(&rpc.path()) {
        return next(request).await;
    }
    match permits.try_acquire() {
        Ok(_permit) => next(request).await,
        Err(_) => rpc.refuse(Reason::Overloaded).into_http(),
    }
}

/// The stage behind the gate: a place of the caller's share, held until its answer is over, streams included.
pub(super) async fn share(
    of_callers: &Shares<String>,
    rpc: &RpcName,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    // What anybody may call has no caller.
    let Some(caller) = request.extensions().get::<Caller>() else { return next(request).await };
    let Some(place) = of_callers.take(caller.name().to_owned()) else {
        return rpc.refuse(Reason::Overloaded).into_http();
    };
    let response = next(request).await;
    if response.body().is_end_stream() {
        return response;
    }
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _held_as_long_as_the_body = &place;
            frame
        }))
    })
}
