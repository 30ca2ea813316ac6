//! One mail over a connection, and the connections kept between mails.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::Connection;
use super::reply::Step;
use super::server::{Server, completed};
use crate::domain::state::FailureClass;
use crate::providers::{HandOver, SendFailure};

/// One mail and whose it is.
pub(super) struct Envelope<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) mail: &'a [u8],
    /// How long the relay may take until it answers: EHLO, or MAIL on a kept connection.
    pub(super) answer_within: Duration,
}

/// How connections are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keeping {
    pub(super) most_idle: usize,
    pub(super) idle_for: Duration,
    /// How long a kept connection may take over its first answer.
    pub(super) first_answer_within: Duration,
}

/// Connections to one relay; a few are kept open for the next mail.
pub(super) struct Connections {
    server: Server,
    keeping: Keeping,
    idle: Mutex<Vec<(Connection, Instant)>>,
}

impl Connections {
    pub(super) fn new(server: Server, keeping: Keeping) -> Self {
        Self { server, keeping, idle: Mutex::default() }
    }

    /// Sends one mail. `step` is where it is, also when it is given up in between: from the final dot on no failure
    /// without a reply means that the mail did not go out. `hand_over` begins before DATA and not after it: a dialogue
    /// that stops there can still be ended in good form.
    pub(super) async fn send(
        &self,
        envelope: &Envelope<'_>,
        hand_over: &dyn HandOver,
        step: &mut Step,
    ) -> Result<(), SendFailure> {
        let mut connection = self.begin(envelope, step).await?;
        match hand_over_mail(&mut connection, envelope, hand_over, step).await {
            Ok(()) => {
                self.keep(connection);
                Ok(())
            }
            Err(failed) => {
                // A refusal leaves the connection sound but mid-dialogue; a fresh one is cheaper than doubt.
                if failed.class != FailureClass::AnswerLost {
                    connection.part();
                }
                Err(failed)
            }
        }
    }

    /// Has the relay answer as far as it does without a login.
    pub(super) async fn ping(&self, within: Duration, step: &mut Step) -> Result<(), SendFailure> {
        self.server.reach(within, step).await?.part();
        Ok(())
    }

    /// Opens a connection, on which the relay answers within this time, and has it take a command; it is kept for the mail that
    /// comes next.
    pub(super) async fn probe(&self, within: Duration, step: &mut Step) -> Result<(), SendFailure> {
        let mut fresh = self.server.connect(within, step).await?;
        *step = Step::Noop;
        completed(fresh.command(*step, b"NOOP\r\n").await?, *step)?;
        self.keep(fresh);
        Ok(())
    }

    /// A connection that took MAIL: a kept one if it still lives, else a new one.
    async fn begin(&self, envelope: &Envelope<'_>, step: &mut Step) -> Result<Connection, SendFailure> {
        let started = Instant::now();
        if let Some(mut kept) = self.take() {
            // At most half of the time, so that a fresh connection has as much.
            let within = self.keeping.first_answer_within.min(envelope.answer_within / 2);
            *step = mail_step(envelope);
            let asked = begin_mail(&mut kept, envelope, *step);
            match tokio::time::timeout(within, asked).await {
                Ok(Ok(())) => return Ok(kept),
                Ok(Err(Begun::Refused(failure))) => {
                    kept.part();
                    return Err(failure);
                }
                // Relays hang up on idle clients, and what stands between forgets connections without a word. What
                // befell this one befell those of its age.
                Ok(Err(Begun::Lost(_))) | Err(_) => self.forget_all(),
            }
        }
        let left = envelope.answer_within.saturating_sub(started.elapsed());
        let mut fresh = self.server.connect(left, step).await?;
        *step = mail_step(envelope);
        match begin_mail(&mut fresh, envelope, *step).await {
            Ok(()) => Ok(fresh),
            Err(Begun::Refused(failure)) => {
                fresh.part();
                Err(failure)
            }
            Err(Begun::Lost(failure)) => Err(failure),
        }
    }

    fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < self.keeping.idle_for);
        idle.pop().map(|(connection, _)| connection)
    }

    fn forget_all(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.keeping.most_idle {
            idle.push((connection, Instant::now()));
        }
    }
}

/// Why MAIL was not taken.
enum Begun {
    /// The relay said so.
    Refused(SendFailure),
    /// It closes the connection, or says nothing that is a reply.
    Lost(SendFailure),
}

fn mail_step(envelope: &Envelope<'_>) -> Step {
    Step::Mail { is_utf8: !envelope.to.is_ascii() }
}

async fn begin_mail(connection: &mut Connection, envelope: &Envelope<'_>, step: Step) -> Result<(), Begun> {
    let parameters = match (step, connection.extensions.smtputf8) {
        (Step::Mail { is_utf8: true }, true) => " SMTPUTF8",
        // RFC 6531, 3.2: not our address to rewrite. Another relay may take it as it is.
        (Step::Mail { is_utf8: true }, false) => {
            let failure = SendFailure::new(FailureClass::Refused, "the relay takes no such address");
            return Err(Begun::Refused(failure));
        }
        _ => "",
    };
    let command = format!("MAIL FROM:<{}>{parameters}\r\n", envelope.from);
    let reply = connection.command(step, command.as_bytes()).await.map_err(Begun::Lost)?;
    if reply.is_closing() || (reply.code < 400 && !reply.is_completion()) {
        return Err(Begun::Lost(reply.failure(step)));
    }
    completed(reply, step).map(|_| ()).map_err(Begun::Refused)
}

async fn hand_over_mail(
    connection: &mut Connection,
    envelope: &Envelope<'_>,
    hand_over: &dyn HandOver,
    step: &mut Step,
) -> Result<(), SendFailure> {
    *step = Step::Rcpt;
    let command = format!("RCPT TO:<{}>\r\n", envelope.to);
    completed(connection.command(*step, command.as_bytes()).await?, *step)?;
    hand_over.begin().await?;
    *step = Step::Data;
    let reply = connection.command(*step, b"DATA\r\n").await?;
    if !reply.is_intermediate() {
        return Err(reply.failure(*step));
    }
    // Still the step before: what breaks here breaks before the final dot, and such a mail is no mail. The dot goes out
    // only where nothing has come that would be taken for its reply.
    connection.write(*step, envelope.mail).await?;
    connection.expect_silence(*step)?;
    *step = Step::Message;
    let reply = connection.command(*step, b".\r\n").await?;
    completed(reply, *step).map(|_| ())
}

/// The mail as DATA wants it: lines that begin with a dot get another, and the last one has its end (RFC 5321, 4.5.2).
pub(super) fn dot_stuffed(mail: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(mail.len() + mail.len() / 64 + 2);
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            stuffed.push(b'.');
        }
        stuffed.extend_from_slice(line);
    }
    if !stuffed.ends_with(b"\r\n") {
        stuffed.extend_from_slice(b"\r\n");
    }
    stuffed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_at_the_beginning_of_a_line_is_doubled_and_the_last_line_has_its_end() {
        assert_eq!(dot_stuffed(b".\r\na.b\r\n..c"), b"..\r\na.b\r\n...c\r\n");
        assert_eq!(dot_stuffed(b"a\r\n"), b"a\r\n");
    }
}
