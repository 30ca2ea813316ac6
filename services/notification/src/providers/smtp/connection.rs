//! One connection to a relay: commands out, replies in, in step.
//!
//! Every command has one reply and every reply one command. What comes before it was asked for, or after the reply that
//! was waited for, belongs to nobody knows what: the connection says so and is of no more use. Empty lines around a reply
//! are no replies: relays that send some are understood all the same. Lines are read as bytes and as far as they may be
//! long; see [`Reply`](super::reply::Reply) for what counts in them.

use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};

use super::extensions::Extensions;
use super::reply::{Line, Reply, Step};
use crate::providers::SendFailure;

/// A reply may be so long; RFC 5321, 4.5.3.1.5 knows 512 octets a line and no number of lines.
const REPLY_BYTES: usize = 64 * 1024;
/// How long a relay may take over our good-bye before we just hang up.
const FAREWELL_WITHIN: Duration = Duration::from_secs(1);

/// What bytes go over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

pub(super) struct Connection<S = Box<dyn Stream>> {
    stream: BufReader<S>,
    pub(super) extensions: Extensions,
}

impl<S: Stream + 'static> Connection<S> {
    /// A connection of whose relay nothing is known yet.
    pub(super) fn over(stream: S) -> Self {
        Self { stream: BufReader::new(stream), extensions: Extensions::default() }
    }

    /// What it goes over. Nothing was read ahead, as every reply has made sure of.
    pub(super) fn into_stream(self) -> S {
        self.stream.into_inner()
    }

    /// The same, whatever it goes over.
    pub(super) fn boxed(self) -> Connection {
        let extensions = self.extensions;
        Connection { extensions, ..Connection::over(Box::new(self.stream.into_inner())) }
    }

    /// Sends a command, with its end of line, and reads the reply.
    pub(super) async fn command(&mut self, step: Step, command: &[u8]) -> Result<Reply, SendFailure> {
        self.write(step, command).await?;
        self.reply(step).await
    }

    /// Sends bytes to which one reply is due.
    pub(super) async fn write(&mut self, step: Step, bytes: &[u8]) -> Result<(), SendFailure> {
        self.expect_silence(step)?;
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        written.await.map_err(|_| step.without_reply("the connection was lost"))
    }

    /// Reads the one reply that is due.
    pub(super) async fn reply(&mut self, step: Step) -> Result<Reply, SendFailure> {
        let (mut lines, mut read) = (Vec::new(), 0);
        loop {
            let line = self.line(step, REPLY_BYTES - read).await?;
            // With its end, so that empty lines come to an end as well.
            read += line.len() + 1;
            if line.is_empty() && lines.is_empty() {
                continue;
            }
            let is_last = Line::parse(&line).map(|line| line.is_last);
            lines.push(line);
            match is_last {
                Some(true) => break,
                Some(false) => {}
                None => return Err(step.without_reply("no reply but something else")),
            }
        }
        let empty = self.stream.buffer().iter().take_while(|byte| ends_line(**byte)).count();
        self.stream.consume(empty);
        if !self.stream.buffer().is_empty() {
            return Err(step.without_reply("more than one reply"));
        }
        let parsed: Vec<_> = lines.iter().filter_map(|line| Line::parse(line)).collect();
        Reply::of(&parsed).ok_or_else(|| step.without_reply("a reply that contradicts itself"))
    }

    /// One line without its end.
    async fn line(&mut self, step: Step, most: usize) -> Result<Vec<u8>, SendFailure> {
        let mut line = Vec::with_capacity(128);
        loop {
            let lost = |_| step.without_reply("the connection was lost");
            let arrived = self.stream.fill_buf().await.map_err(lost)?;
            if arrived.is_empty() {
                return Err(step.without_reply("the connection was closed"));
            }
            let end = arrived.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(arrived.len(), |end| end + 1);
            if line.len() + taken > most {
                return Err(step.without_reply("a reply without end"));
            }
            line.extend_from_slice(&arrived[..taken]);
            self.stream.consume(taken);
            if end.is_some() {
                let text = line.strip_suffix(b"\n").unwrap_or(&line);
                return Ok(text.strip_suffix(b"\r").unwrap_or(text).to_vec());
            }
        }
    }

    /// Before anything is said nothing may have come, but for empty lines: it would be taken for the reply.
    pub(super) fn expect_silence(&mut self, step: Step) -> Result<(), SendFailure> {
        loop {
            let empty = match self.stream.fill_buf().now_or_never() {
                None => return Ok(()),
                Some(Ok([])) => return Err(step.without_reply("the connection was closed")),
                Some(Ok(arrived)) if arrived.iter().all(|byte| ends_line(*byte)) => arrived.len(),
                Some(Ok(_)) => return Err(step.without_reply("a reply that nobody asked for")),
                Some(Err(_)) => return Err(step.without_reply("the connection was lost")),
            };
            self.stream.consume(empty);
        }
    }

    /// Ends a dialogue in good form, beside whatever comes next: the reply that ended it is known, and a relay that
    /// says no more must neither hold the worker up nor turn its refusal into a timeout.
    pub(super) fn part(mut self) {
        tokio::spawn(async move {
            // It is dropped in any case, and no message depends on it.
            let farewell = async {
                self.stream.write_all(b"QUIT\r\n").await?;
                self.stream.shutdown().await
            };
            let _ = tokio::time::timeout(FAREWELL_WITHIN, farewell).await;
        });
    }
}

const fn ends_line(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}
