//! A handler that panics fails its own call and nothing else.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt;

use crate::answers::{Called, Reason};

/// The stage. The panic hook has logged message and place already.
///
/// Unwind safety is asserted: what a handler shares outlives it behind locks and stores that stand it.
pub(super) async fn contain(
    called: &Called,
    request: Request,
    onward: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    match AssertUnwindSafe(onward(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!(method = called.method(), "handler panicked");
            called.refuse(Reason::Internal).into_http()
        }
    }
}
