//! A handler that panics fails its own call and nothing else.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt;

use crate::error_details::{Reason, RpcName};

/// The stage. The panic hook has logged message and place already.
///
/// Unwind safety is asserted: what a handler shares outlives it behind locks and stores that stand it.
pub(super) async fn contain(
    rpc: &RpcName,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    match AssertUnwindSafe(next(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!(method = rpc.method(), "handler panicked");
            rpc.refuse(Reason::Internal).into_http()
        }
    }
}
