//! How large a request message may be and how long it may take, read off the five-byte prefix of each gRPC message
//! before its bytes are kept.
//!
//! A message that has begun must be there in time, the first one counted from the headers on. Where a client may pause
//! between its messages, only the pauses are free.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Sleep;
use tonic::Status;

use crate::error_details::{Reason, RpcName};

/// One byte of flags, four of length.
const PREFIX: usize = 5;

/// The limits of the messages of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MessageLimits {
    /// The largest one.
    pub(crate) bytes: usize,
    /// How long one may take, and the end of the request after the last.
    pub(crate) within: Duration,
}

impl MessageLimits {
    /// The stage: the request with a body that fails when it is over a limit.
    pub(crate) fn limit(self, rpc: &RpcName, may_pause: bool, request: Request) -> Request {
        request.map(|body| Body::new(LimitedBody::new(body, self, rpc.clone(), may_pause)))
    }
}

/// A request body that fails when it announces a message over the limit, or when one does not come.
struct LimitedBody {
    body: Body,
    limits: MessageLimits,
    /// The prefix, as far as it was seen; it may be split over frames.
    prefix: [u8; PREFIX],
    seen: usize,
    /// What is still to come of the current message.
    rest: usize,
    /// Whether a message has come and the client may take its time until the next.
    is_pause: bool,
    may_pause: bool,
    /// Made at the first wait: most bodies come at once.
    waiting: Option<Pin<Box<Sleep>>>,
    rpc: RpcName,
}

impl LimitedBody {
    fn new(body: Body, limits: MessageLimits, rpc: RpcName, may_pause: bool) -> Self {
        let (prefix, seen, rest) = ([0; PREFIX], 0, 0);
        Self { body, limits, prefix, seen, rest, is_pause: false, may_pause, waiting: None, rpc }
    }

    /// Whether the message that has begun is late.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        if self.is_pause {
            return false;
        }
        let within = self.limits.within;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(within)));
        waiting.as_mut().poll(context).is_ready()
    }

    fn admits(&mut self, mut data: &[u8]) -> bool {
        while !data.is_empty() {
            let inside = self.rest.min(data.len());
            self.rest -= inside;
            data = &data[inside..];
            let missing = (PREFIX - self.seen).min(data.len());
            self.prefix[self.seen..self.seen + missing].copy_from_slice(&data[..missing]);
            self.seen += missing;
            data = &data[missing..];
            if self.seen == PREFIX {
                let [_, a, b, c, d] = self.prefix;
                self.rest = u32::from_be_bytes([a, b, c, d]) as usize;
                self.seen = 0;
                if self.rest > self.limits.bytes {
                    return false;
                }
            }
        }
        self.is_pause = self.may_pause && self.rest == 0 && self.seen == 0;
        if self.rest == 0 && self.seen == 0 {
            self.waiting = None;
        }
        true
    }
}

impl HttpBody for LimitedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(frame)) => frame.map_err(|error| Status::cancelled(error.to_string()))?,
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending if self.is_late(context) => {
                return Poll::Ready(Some(Err(self.rpc.refuse(Reason::DeadlineExceeded))));
            }
            Poll::Pending => return Poll::Pending,
        };
        let is_admitted = frame.data_ref().is_none_or(|data| self.admits(data));
        Poll::Ready(Some(if is_admitted { Ok(frame) } else { Err(self.rpc.refuse(Reason::RequestTooLarge)) }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Duration, LimitedBody, MessageLimits, RpcName};

    fn body(limit: usize, may_pause: bool) -> LimitedBody {
        let limits = MessageLimits { bytes: limit, within: Duration::ZERO };
        LimitedBody::new(Body::empty(), limits, RpcName::of("/a.B/C"), may_pause)
    }

    fn admits(limit: usize, frames: &[&[u8]]) -> bool {
        let mut body = body(limit, false);
        frames.iter().all(|frame| body.admits(frame))
    }

    #[test]
    fn each_message_is_measured_by_its_prefix_even_when_it_is_split() {
        assert!(admits(3, &[&[0, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 2, 1, 2]]));
        assert!(admits(3, &[&[0, 0], &[0, 0, 3, 1], &[2, 3, 0, 0, 0, 0], &[0]]));
        assert!(!admits(3, &[&[0, 0, 0, 0, 4]]));
        assert!(!admits(3, &[&[0, 0, 0, 0, 1, 9, 0, 0], &[0, 1, 0]]));
    }

    #[test]
    fn only_between_messages_may_a_client_pause_and_only_where_it_may_at_all() {
        let pauses = |may_pause, bytes: &[u8]| {
            let mut body = body(3, may_pause);
            body.admits(bytes) && body.is_pause
        };

        assert!(pauses(true, &[0, 0, 0, 0, 1, 9]));
        assert!(!pauses(true, &[0, 0, 0, 0, 1]));
        assert!(!pauses(true, &[0, 0, 0, 0, 1, 9, 0]));
        assert!(!pauses(false, &[0, 0, 0, 0, 1, 9]));
        assert!(!body(3, true).is_pause);
    }
}
