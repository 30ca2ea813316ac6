//! The last minutes of a server, as calls feel them.
//!
//! When draining begins, a stream that waits for news (a `Watch`) ends with `UNAVAILABLE`/`SHUTTING_DOWN`, so
//! that its client resumes elsewhere instead of holding the process for the whole grace. When the grace is
//! over, handlers still at work are answered the same way. The body of a unary answer never waits.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::answers::{Called, Reason};

/// Where the server is on its way to the end.
#[derive(Debug, Clone, Default)]
pub(super) struct Stages {
    draining: CancellationToken,
    forced: CancellationToken,
}

impl Stages {
    /// Waiting streams end.
    pub(super) fn drain(&self) {
        self.draining.cancel();
    }

    /// Everything ends.
    pub(super) fn force(&self) {
        self.forced.cancel();
    }
}

/// The stage.
pub(super) async fn end(
    stages: &Stages,
    called: &Called,
    request: Request,
    onward: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let response = tokio::select! {
        biased;
        response = onward(request) => response,
        () = stages.forced.cancelled() => return called.refuse(Reason::ShuttingDown).into_http(),
    };
    response.map(|body| {
        let (draining, called) = (stages.draining.clone(), called.clone());
        Body::new(Ending { body, draining, called, waiting: None, is_over: false })
    })
}

/// A response body that does not wait once draining has begun.
struct Ending {
    body: Body,
    draining: CancellationToken,
    called: Called,
    /// Made at the first wait: most bodies never wait.
    waiting: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    is_over: bool,
}

impl HttpBody for Ending {
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
        let status = this.called.refuse(Reason::ShuttingDown);
        Poll::Ready(status.add_header(&mut trailers).is_ok().then(|| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_over { SizeHint::with_exact(0) } else { self.body.size_hint() }
    }
}
