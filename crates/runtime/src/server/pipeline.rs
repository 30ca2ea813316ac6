//! The stages that a call passes, from outside in.
//!
//! One middleware walks through all of them: as a layer each, every stage would copy all those inside it and box its
//! future, for every call.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::Semaphore;

use super::draining::{self, Draining};
use super::{concurrency, message_size, panics};
use crate::access::{Gate, admit};
use crate::deadline::{self, DeadlineBounds};
use crate::error_details::{RpcName, complete};
use crate::telemetry::{CallMetrics, observe};

/// What the stages decide by.
pub(super) struct Middleware {
    pub(super) metrics: Arc<CallMetrics>,
    pub(super) deadlines: DeadlineBounds,
    pub(super) draining: Draining,
    pub(super) permits: Semaphore,
    pub(super) max_message_bytes: usize,
    pub(super) gate: Gate,
}

/// Passes a call through the stages: span and metrics, error details, deadline, draining, the limit of concurrent calls,
/// panics, message size, and the gate.
pub(super) async fn call(
    State(middleware): State<Arc<Middleware>>,
    request: Request,
    next: Next,
) -> Response {
    let rpc = &RpcName::of(request.uri().path());
    let Middleware { metrics, deadlines, draining, permits, max_message_bytes, gate } = &*middleware;
    observe(metrics, rpc, request, async |request| {
        complete(rpc, request, async |request| {
            deadline::enforce(*deadlines, rpc, request, async |request| {
                draining::watch(draining, rpc, request, async |request| {
                    concurrency::limit(permits, rpc, request, async |request| {
                        panics::contain(rpc, request, async |request| {
                            let request = message_size::limit(*max_message_bytes, rpc, request);
                            admit(gate, rpc, request, async |request| next.run(request).await).await
                        })
                        .await
                    })
                    .await
                })
                .await
            })
            .await
        })
        .await
    })
    .await
}
