//! One connection: lines in, replies out, and what becomes of each mail.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};

use super::LmtpLimits;
use super::dialogue::{Dialogue, Domain, Envelope, Recipient, Step};
use crate::domain::destination::Channel;
use crate::domain::receipt::{ReceiptDetail, ReceiptState, Report};
use crate::receipts::{Ignored, Receipts, mail_report};
use crate::store::Failure;

/// RFC 5321, 4.5.3.1.4 has 512, and parameters of extensions come on top.
const COMMAND_BYTES: usize = 2_000;

/// A mail that came whole, or why there is none.
enum Mail {
    Whole(Vec<u8>),
    /// It was read to its end and not kept.
    TooLarge,
}

/// A line, or why there is none.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// Its bytes are in the buffer.
    Whole,
    /// It was longer than allowed, and is not kept.
    TooLong,
    /// The other side has ended.
    Closed,
}

/// A connection and where its dialogue stands.
pub(super) struct Session<'a, R, W> {
    receipts: &'a Receipts,
    dialogue: Dialogue,
    limits: LmtpLimits,
    reader: BufReader<R>,
    writer: W,
}

impl<'a, R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Session<'a, R, W> {
    pub(super) fn new(
        receipts: &'a Receipts,
        domain: Domain,
        limits: LmtpLimits,
        reader: R,
        writer: W,
    ) -> Self {
        Self { receipts, dialogue: Dialogue::new(domain), limits, reader: BufReader::new(reader), writer }
    }

    /// Goes on until one side ends it.
    pub(super) async fn run(mut self) -> io::Result<()> {
        let greeting = self.dialogue.greeting();
        self.say(&greeting).await?;
        let mut line = Vec::new();
        loop {
            match self.line(&mut line, COMMAND_BYTES).await? {
                Line::Whole => {}
                Line::TooLong => return self.say("500 5.5.2 line too long\r\n").await,
                Line::Closed => return Ok(()),
            }
            let receipts = self.receipts;
            match self.dialogue.command(line.trim_ascii_end(), |token| receipts.open(token).is_some()) {
                Step::Reply(text) => self.say(&text).await?,
                Step::Close(text) => return self.say(&text).await,
                Step::Data(text) => {
                    self.say(&text).await?;
                    let Some(mail) = self.mail().await? else { return Ok(()) };
                    let replies = self.judge(&mail).await;
                    self.say(&replies).await?;
                }
            }
        }
    }

    async fn say(&mut self, text: &str) -> io::Result<()> {
        let writing = async {
            self.writer.write_all(text.as_bytes()).await?;
            self.writer.flush().await
        };
        tokio::time::timeout(self.limits.line_within, writing).await?
    }

    async fn line(&mut self, line: &mut Vec<u8>, most: usize) -> io::Result<Line> {
        tokio::time::timeout(self.limits.line_within, read_line(&mut self.reader, line, most)).await?
    }

    /// The mail until its final dot, which stands alone between two ends of lines and nowhere else: a bare line feed ends no
    /// line here, so nobody hides a command in a mail. None: the other side has ended.
    async fn mail(&mut self) -> io::Result<Option<Mail>> {
        let most = self.limits.message_bytes;
        let (mut mail, mut line, mut is_too_large, mut begins_line) = (Vec::new(), Vec::new(), false, true);
        loop {
            match self.line(&mut line, most).await? {
                Line::Closed => return Ok(None),
                Line::TooLong => {
                    (is_too_large, begins_line) = (true, line_ended(&line));
                    continue;
                }
                Line::Whole => {}
            }
            if begins_line && line == b".\r\n" {
                return Ok(Some(if is_too_large { Mail::TooLarge } else { Mail::Whole(mail) }));
            }
            let stuffed = usize::from(begins_line && line.starts_with(b"."));
            begins_line = line_ended(&line);
            is_too_large |= mail.len() + line.len() > most;
            if !is_too_large {
                mail.extend_from_slice(&line[stuffed..]);
            }
        }
    }

    /// One reply for each recipient, in their order (RFC 2033, 4.2).
    async fn judge(&mut self, mail: &Mail) -> String {
        let Some(Envelope { has_null_sender, recipients }) = self.dialogue.take_envelope() else {
            return String::new();
        };
        let mut replies = String::new();
        for recipient in &recipients {
            let reply = match mail {
                Mail::TooLarge => {
                    Ignored::TooLarge.count(Channel::Email);
                    "552 5.3.4 too large"
                }
                Mail::Whole(mail) => match self.take(recipient, mail, has_null_sender).await {
                    // Also what says nothing: a report is never answered, and what is refused here would be.
                    Ok(()) => "250 2.0.0 OK",
                    Err(failure) => {
                        tracing::warn!(error = %failure, "cannot take a report yet");
                        "451 4.3.0 try again"
                    }
                },
            };
            replies.push_str(reply);
            replies.push_str("\r\n");
        }
        replies
    }

    async fn take(&self, recipient: &Recipient, mail: &[u8], has_null_sender: bool) -> Result<(), Failure> {
        let complained;
        let (token, report) = match recipient {
            Recipient::Bounce { token } => {
                (Some(token.as_str()), mail_report::of_bounce(mail, has_null_sender))
            }
            Recipient::Complaints => {
                complained = mail_report::of_complaint(mail);
                let token = complained.as_deref().and_then(|path| self.dialogue.domain().token(path));
                let report = Report { state: ReceiptState::Complained, detail: ReceiptDetail::default() };
                (token, token.map(|_| report))
            }
        };
        let (Some(token), Some(report)) = (token, report) else {
            Ignored::NoReport.count(Channel::Email);
            return Ok(());
        };
        let Some(token) = self.receipts.open(token) else {
            Ignored::Forged.count(Channel::Email);
            return Ok(());
        };
        self.receipts.take(&token, Channel::Email, &report).await.map(drop)
    }
}

fn line_ended(line: &[u8]) -> bool {
    line.ends_with(b"\r\n")
}

/// Reads to the next line feed. What is longer than `most` is read over, and its last bytes stand in `line`.
async fn read_line(
    reader: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
    most: usize,
) -> io::Result<Line> {
    line.clear();
    let mut is_too_long = false;
    loop {
        let available = reader.fill_buf().await?;
        if available.is_empty() {
            return Ok(Line::Closed);
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(available.len(), |place| place + 1);
        if line.len() + taken > most {
            is_too_long = true;
            // The last bytes still say how the line ends, also where they come apart.
            line.drain(..line.len().saturating_sub(1));
            line.extend_from_slice(&available[taken.saturating_sub(2)..taken]);
        } else {
            line.extend_from_slice(&available[..taken]);
        }
        reader.consume(taken);
        if end.is_some() {
            return Ok(if is_too_long { Line::TooLong } else { Line::Whole });
        }
    }
}
