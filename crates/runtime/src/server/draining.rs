//! What a stopping server does to the calls it still has.
//!
//! When draining begins, a stream that waits for its next message (a `Watch`) ends with `UNAVAILABLE` and
//! `SHUTTING_DOWN`, so that its client resumes elsewhere instead of holding the process for the whole grace. When the
//! grace is over, handlers still at work are answered the same way. The body of a unary answer never waits.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::error_details::{Reason, RpcName};

/// The two signals of a stopping server. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Draining {
    begun: CancellationToken,
    grace_over: CancellationToken,
}

impl Draining {
    /// Ends the streams that wait.
    pub(super) fn begin(&self) {
        self.begun.cancel();
    }

    /// Ends every call.
    pub(super) fn end_grace(&self) {
        self.grace_over.cancel();
    }
}

/// The stage.
pub(super) async fn watch(
    draining: &Draining,
    rpc: &RpcName,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let response = tokio::select! {
        biased;
        response = next(request) => response,
        () = draining.grace_over.cancelled() => return rpc.refuse(Reason::ShuttingDown).into_http(),
    };
    response.map(|body| {
        let (draining, rpc) = (draining.begun.clone(), rpc.clone());
        Body::new(DrainedBody { body, draining, rpc, waiting: None, is_over: false })
    })
}

/// A response body that does not wait once draining has begun.
struct DrainedBody {
    body: Body,
    draining: CancellationToken,
    rpc: RpcName,
    /// Made at the first wait: most bodies never wait.
    waiting: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    is_over: bool,
}

impl HttpBody for DrainedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        if this.is_over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        let draining = &this.draining;
        let waiting = this.waiting.get_or_insert_with(|| Box::pin(draining.clone().cancelled_owned()));
        if waiting.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        this.is_over = true;
        let mut trailers = http::HeaderMap::new();
        let status = this.rpc.refuse(Reason::ShuttingDown);
        Poll::Ready(status.add_header(&mut trailers).is_ok().then(|| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_over { SizeHint::with_exact(0) } else { self.body.size_hint() }
    }
}
