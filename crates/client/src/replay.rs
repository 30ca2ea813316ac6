//! Request bodies that can be sent again.
//!
//! The body of a unary request is complete at once, so it is read before the first attempt and can be sent again. A
//! client stream is not: what has been read is put back in front, and the call has one attempt.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, StreamExt};
use http_body_util::{BodyStream, Full, StreamBody};
use hyper::body::{Body as _, Frame};
use tonic::body::Body;

/// A request body before its first attempt.
pub(crate) enum Replay {
    /// Everything, to be sent as often as needed.
    Whole(Bytes),
    /// A stream, to be sent once.
    Once(Body),
}

impl Replay {
    /// Takes what is there without waiting.
    pub(crate) async fn capture(mut body: Body) -> Self {
        let mut whole = BytesMut::new();
        loop {
            let ready = poll_fn(|context| match Pin::new(&mut body).poll_frame(context) {
                Poll::Ready(frame) => Poll::Ready(Some(frame)),
                Poll::Pending => Poll::Ready(None),
            });
            match ready.await {
                Some(None) => return Self::Whole(whole.freeze()),
                Some(Some(Ok(frame))) if frame.is_data() => {
                    whole.extend_from_slice(&frame.into_data().unwrap_or_default());
                }
                // Trailers and errors are the stream's own business.
                Some(Some(other)) => return Self::once(whole.freeze(), stream::iter([other]).boxed(), body),
                None => return Self::once(whole.freeze(), stream::empty().boxed(), body),
            }
        }
    }

    fn once(
        first: Bytes,
        next: stream::BoxStream<'static, Result<Frame<Bytes>, tonic::Status>>,
        rest: Body,
    ) -> Self {
        let first = (!first.is_empty()).then(|| Ok(Frame::data(first)));
        let frames = stream::iter(first).chain(next).chain(BodyStream::new(rest));
        Self::Once(Body::new(StreamBody::new(frames)))
    }

    /// The body for the next attempt. A stream that was sent is empty from then on.
    pub(crate) fn next(&mut self) -> Body {
        match self {
            Self::Whole(bytes) => Body::new(Full::new(bytes.clone())),
            Self::Once(body) => std::mem::take(body),
        }
    }

    /// Whether another attempt would have a body.
    pub(crate) fn may_repeat(&self) -> bool {
        matches!(self, Self::Whole(_))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::stream::{self, StreamExt};
    use http_body_util::{BodyExt, Full, StreamBody};
    use hyper::body::Frame;
    use tonic::Status;
    use tonic::body::Body;

    use super::Replay;

    async fn sent(replay: &mut Replay) -> Bytes {
        replay.next().collect().await.unwrap().to_bytes()
    }

    #[tokio::test]
    async fn a_request_that_is_there_can_be_sent_again() {
        let mut replay = Replay::capture(Body::new(Full::new(Bytes::from_static(b"who are you")))).await;

        assert!(replay.may_repeat());
        assert_eq!(sent(&mut replay).await, "who are you");
        assert_eq!(sent(&mut replay).await, "who are you");
    }

    #[tokio::test]
    async fn a_stream_is_sent_once_and_whole() {
        let later = stream::once(async {
            tokio::task::yield_now().await;
            Ok::<_, Status>(Frame::data(Bytes::from_static(b"later")))
        });
        let frames = stream::iter([Ok(Frame::data(Bytes::from_static(b"now ")))]).chain(later);
        let mut replay = Replay::capture(Body::new(StreamBody::new(frames.boxed()))).await;

        assert!(!replay.may_repeat());
        assert_eq!(sent(&mut replay).await, "now later");
        assert_eq!(sent(&mut replay).await, "");
    }
}
