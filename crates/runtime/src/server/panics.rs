//! A handler that panics fails its own call and nothing else.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt;

use crate::error_details::{Reason, RpcName};

/// What a handler answers; none where it panicked. The panic hook has logged message and place already.
///
/// Unwind safety is asserted: what a handler shares outlives it behind locks and stores that stand it.
pub(super) async fn caught(answer: impl Future<Output = Response>) -> Option<Response> {
    AssertUnwindSafe(answer).catch_unwind().await.ok()
}

/// The stage of a call.
pub(super) async fn contain(
    rpc: &RpcName,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    match caught(next(request)).await {
        Some(response) => response,
        None => {
            tracing::error!(method = rpc.method(), "handler panicked");
            rpc.refuse(Reason::Internal).into_http()
        }
    }
}
