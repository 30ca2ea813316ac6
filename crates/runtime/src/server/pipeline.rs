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
use super::message_limits::MessageLimits;
use super::published::{self, Published};
use super::{concurrency, panics};
use crate::access::{Gate, admit};
use crate::deadline::{self, DeadlineBounds};
use crate::error_details::{Reason, RpcName, complete};
use crate::shares::Shares;
use crate::telemetry::{CallMetrics, observe};

/// Three times the longest path of the contract: no path of ours is longer, whatever is added.
const MAX_PATH_BYTES: usize = 200;

/// What the stages decide by.
pub(super) struct Middleware {
    pub(super) metrics: Arc<CallMetrics>,
    pub(super) published: Published,
    pub(super) deadlines: DeadlineBounds,
    pub(super) draining: Draining,
    pub(super) permits: Semaphore,
    pub(super) of_callers: Shares<String>,
    pub(super) messages: MessageLimits,
    pub(super) gate: Gate,
}

/// Passes a call through the stages: span and metrics, error details, deadline, draining, the limit of concurrent calls,
/// panics, message limits, the gate, the caller's share of calls, and what the contract lets a service say.
pub(super) async fn call(
    State(middleware): State<Arc<Middleware>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let is_short = path.len() <= MAX_PATH_BYTES;
    let rpc = &RpcName::of(if is_short { path } else { "" });
    let Middleware { metrics, published, deadlines, draining, permits, of_callers, messages, gate } =
        &*middleware;
    observe(metrics, rpc, request, async |request| {
        complete(rpc, request, async |request| {
            if !is_short {
                return rpc.refuse(Reason::MethodUnknown).into_http();
            }
            deadline::enforce(*deadlines, rpc, request, async |request| {
                draining::watch(draining, rpc, request, async |request| {
                    concurrency::limit(permits, rpc, request, async |request| {
                        panics::contain(rpc, request, async |request| {
                            let request = messages.limit(rpc, gate.may_pause(rpc), request);
                            admit(gate, rpc, request, async |request| {
                                concurrency::share(of_callers, rpc, request, async |request| {
                                    published::hold(*published, rpc, request, async |request| {
                                        next.run(request).await
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
            })
            .await
        })
        .await
    })
    .await
}
