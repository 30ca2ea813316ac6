//! The largest request message, read off the five-byte prefix of each gRPC message before its bytes are kept.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tonic::Status;

use crate::error_details::{Reason, RpcName};

/// One byte of flags, four of length.
const PREFIX: usize = 5;

/// The stage: the request with a body that fails when it is over the limit.
pub(super) fn limit(limit: usize, rpc: &RpcName, request: Request) -> Request {
    request.map(|body| {
        Body::new(LimitedBody { body, limit, prefix: [0; PREFIX], seen: 0, rest: 0, rpc: rpc.clone() })
    })
}

/// A request body that fails when it announces a message over the limit.
struct LimitedBody {
    body: Body,
    limit: usize,
    /// The prefix, as far as it was seen; it may be split over frames.
    prefix: [u8; PREFIX],
    seen: usize,
    /// What is still to come of the current message.
    rest: usize,
    rpc: RpcName,
}

impl LimitedBody {
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
                if self.rest > self.limit {
                    return false;
                }
            }
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
        let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(context)) else {
            return Poll::Ready(None);
        };
        let frame = frame.map_err(|error| Status::cancelled(error.to_string()))?;
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
    use super::{Body, LimitedBody, PREFIX, RpcName};

    fn admits(limit: usize, frames: &[&[u8]]) -> bool {
        let mut body = LimitedBody {
            body: Body::empty(),
            limit,
            prefix: [0; PREFIX],
            seen: 0,
            rest: 0,
            rpc: RpcName::of("/a.B/C"),
        };
        frames.iter().all(|frame| body.admits(frame))
    }

    #[test]
    fn each_message_is_measured_by_its_prefix_even_when_it_is_split() {
        assert!(admits(3, &[&[0, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 2, 1, 2]]));
        assert!(admits(3, &[&[0, 0], &[0, 0, 3, 1], &[2, 3, 0, 0, 0, 0], &[0]]));
        assert!(!admits(3, &[&[0, 0, 0, 0, 4]]));
        assert!(!admits(3, &[&[0, 0, 0, 0, 1, 9, 0, 0], &[0, 1, 0]]));
    }
}
