//! The stages of a call, from outside in.
//!
//! One middleware walks through all of them: as a layer each, every stage would copy all those inside it and box its
//! future, for every call.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::Semaphore;

use super::stages::{self, Stages};
use super::{load, messages, panics};
use crate::access::{Gate, admit};
use crate::answers::{Called, complete};
use crate::deadline::{Bounds, bound};
use crate::telemetry::{Calls, observe};

/// What the stages decide by.
pub(super) struct Way {
    pub(super) calls: Arc<Calls>,
    pub(super) bounds: Bounds,
    pub(super) stages: Stages,
    pub(super) permits: Semaphore,
    pub(super) max_message_bytes: usize,
    pub(super) gate: Gate,
}

/// The middleware: span and metrics, completion of errors, deadline, the end of the server, admission by load, panics,
/// message size, and the gate.
pub(super) async fn pass(State(way): State<Arc<Way>>, request: Request, next: Next) -> Response {
    let called = &Called::of(request.uri().path());
    observe(&way.calls, called, request, async |request| {
        complete(called, request, async |request| {
            bound(way.bounds, called, request, async |request| {
                stages::end(&way.stages, called, request, async |request| {
                    load::admit(&way.permits, called, request, async |request| {
                        panics::contain(called, request, async |request| {
                            let request = messages::limit(way.max_message_bytes, called, request);
                            admit(&way.gate, called, request, async |request| next.run(request).await).await
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
