//! Who says what when: the commands of RFC 2033 and the replies to them. Pure.

use std::fmt;

/// Mails of one transaction: a mail server delivers each bounce by itself.
const RECIPIENTS: usize = 10;
/// After so many commands that were none, nobody who means well is there.
const MISTAKES: u32 = 10;

/// Whose mail is taken here.
#[derive(Debug, Clone)]
pub(super) struct Domain {
    name: String,
    message_bytes: usize,
}

impl Domain {
    pub(super) fn new(name: &str, message_bytes: usize) -> Self {
        Self { name: name.to_ascii_lowercase(), message_bytes }
    }

    /// What stands before the `@` of an address of ours.
    fn local_part<'a>(&self, address: &'a str) -> Option<&'a str> {
        let (local, domain) = address.rsplit_once('@')?;
        domain.eq_ignore_ascii_case(&self.name).then_some(local)
    }

    /// The token of a return path of ours.
    pub(super) fn token<'a>(&self, address: &'a str) -> Option<&'a str> {
        let (word, token) = self.local_part(address)?.split_once('+')?;
        word.eq_ignore_ascii_case("bounce").then_some(token)
    }

    fn recipient(&self, address: &str) -> Option<Recipient> {
        if let Some(token) = self.token(address) {
            return Some(Recipient::Bounce { token: token.to_owned() });
        }
        self.local_part(address)?.eq_ignore_ascii_case("complaints").then_some(Recipient::Complaints)
    }
}

/// Who a mail is for.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Recipient {
    /// The return path of one message.
    Bounce {
        /// Who knows it can report of the message.
        token: String,
    },
    /// Where feedback loops send to.
    Complaints,
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bounce { .. } => "Bounce",
            Self::Complaints => "Complaints",
        })
    }
}

/// What a command leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A reply, and the next command.
    Reply(String),
    /// A reply, and the mail.
    Data(String),
    /// A last reply.
    Close(String),
}

/// A mail's envelope.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) has_null_sender: bool,
    pub(super) recipients: Vec<Recipient>,
}

/// Where a dialogue stands.
pub(super) struct Dialogue {
    domain: Domain,
    is_greeted: bool,
    envelope: Option<Envelope>,
    mistakes: u32,
}

impl Dialogue {
    pub(super) const fn new(domain: Domain) -> Self {
        Self { domain, is_greeted: false, envelope: None, mistakes: 0 }
    }

    pub(super) const fn domain(&self) -> &Domain {
        &self.domain
    }

    pub(super) fn greeting(&self) -> String {
        format!("220 {} LMTP\r\n", self.domain.name)
    }

    /// What follows from a command, without the end of its line. `is_ours` says whether a token was made here.
    pub(super) fn command(&mut self, line: &[u8], is_ours: impl Fn(&str) -> bool) -> Step {
        let Ok(line) = std::str::from_utf8(line) else { return self.mistake("500 5.5.2 not readable") };
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "LHLO" if !rest.trim().is_empty() => self.greet(),
            // RFC 2033, 4.1: who greets as a client of SMTP expects one reply for all recipients.
            "HELO" | "EHLO" => self.mistake("500 5.5.1 this is LMTP"),
            "NOOP" => reply("250 2.0.0 OK"),
            "RSET" => {
                self.envelope = None;
                reply("250 2.0.0 OK")
            }
            "VRFY" => reply("252 2.5.0 mail will tell"),
            "QUIT" => Step::Close("221 2.0.0 bye\r\n".to_owned()),
            "MAIL" if self.is_greeted && self.envelope.is_none() => self.mail(rest),
            "RCPT" if self.envelope.is_some() => self.rcpt(rest, is_ours),
            "DATA" if self.has_recipients() => Step::Data("354 go on\r\n".to_owned()),
            "MAIL" | "RCPT" | "DATA" => self.mistake("503 5.5.1 out of order"),
            _ => self.mistake("500 5.5.1 no such command"),
        }
    }

    /// The envelope of the mail that has come. The next one begins anew.
    pub(super) fn take_envelope(&mut self) -> Option<Envelope> {
        self.envelope.take()
    }

    fn has_recipients(&self) -> bool {
        self.envelope.as_ref().is_some_and(|envelope| !envelope.recipients.is_empty())
    }

    fn greet(&mut self) -> Step {
        self.is_greeted = true;
        self.envelope = None;
        let Domain { name, message_bytes } = &self.domain;
        Step::Reply(format!(
            "250-{name}\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
             250 SIZE {message_bytes}\r\n"
        ))
    }

    fn mail(&mut self, rest: &str) -> Step {
        let Some((path, parameters)) = path(rest, "FROM:") else { return self.mistake("501 5.5.4 no path") };
        let size = parameters
            .split(' ')
            .find_map(|one| one.to_ascii_uppercase().strip_prefix("SIZE=")?.parse().ok());
        if size.is_some_and(|size: usize| size > self.domain.message_bytes) {
            return reply("552 5.3.4 too large");
        }
        self.envelope = Some(Envelope { has_null_sender: path.is_empty(), recipients: Vec::new() });
        reply("250 2.1.0 OK")
    }

    fn rcpt(&mut self, rest: &str, is_ours: impl Fn(&str) -> bool) -> Step {
        let Some((path, _)) = path(rest, "TO:") else { return self.mistake("501 5.5.4 no path") };
        let recipient = self.domain.recipient(path).filter(|recipient| match recipient {
            Recipient::Bounce { token } => is_ours(token),
            Recipient::Complaints => true,
        });
        let (Some(recipient), Some(envelope)) = (recipient, &mut self.envelope) else {
            return reply("550 5.1.1 no such recipient");
        };
        if envelope.recipients.len() >= RECIPIENTS {
            return reply("452 4.5.3 too many recipients");
        }
        envelope.recipients.push(recipient);
        reply("250 2.1.5 OK")
    }

    fn mistake(&mut self, text: &str) -> Step {
        self.mistakes += 1;
        if self.mistakes >= MISTAKES {
            return Step::Close("421 4.7.0 too many mistakes\r\n".to_owned());
        }
        reply(text)
    }
}

fn reply(text: &str) -> Step {
    Step::Reply(format!("{text}\r\n"))
}

/// The path of MAIL or RCPT, without its brackets, and the parameters behind it.
fn path<'a>(rest: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let (head, path) = rest.split_at_checked(word.len())?;
    let path = path.trim_start().strip_prefix('<').filter(|_| head.eq_ignore_ascii_case(word))?;
    let (path, parameters) = path.split_once('>')?;
    Some((path, parameters.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialogue() -> Dialogue {
        Dialogue::new(Domain::new("Bounces.example.com", 1_000))
    }

    fn says(dialogue: &mut Dialogue, line: &str) -> String {
        match dialogue.command(line.as_bytes(), |token| token == "good") {
            Step::Reply(text) | Step::Data(text) | Step::Close(text) => text.trim_end().to_owned(),
        }
    }

    fn codes(dialogue: &mut Dialogue, lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| says(dialogue, line)[..3].to_owned()).collect()
    }

    #[test]
    fn a_bounce_is_taken_for_a_return_path_that_was_made_here() {
        let mut dialogue = dialogue();
        let lines = [
            "LHLO mx.example.com",
            "MAIL FROM:<> SIZE=900",
            "RCPT TO:<bounce+good@bounces.example.com>",
            "DATA",
        ];

        assert_eq!(codes(&mut dialogue, &lines), ["250", "250", "250", "354"]);
        let recipients = vec![Recipient::Bounce { token: "good".to_owned() }];
        assert_eq!(dialogue.take_envelope(), Some(Envelope { has_null_sender: true, recipients }));
        assert_eq!(says(&mut dialogue, "DATA"), "503 5.5.1 out of order");
    }

    #[test]
    fn nobody_else_gets_mail_here() {
        let mut dialogue = dialogue();
        codes(&mut dialogue, &["LHLO mx.example.com", "MAIL FROM:<a@example.com>"]);

        for other in [
            "bounce+forged@bounces.example.com",
            "bounce@bounces.example.com",
            "anna@bounces.example.com",
            "bounce+good@example.com",
            "bounce+good@evil.bounces.example.com",
            "",
        ] {
            assert_eq!(says(&mut dialogue, &format!("RCPT TO:<{other}>")), "550 5.1.1 no such recipient");
        }
        assert_eq!(codes(&mut dialogue, &["DATA"]), ["503"]);
        assert_eq!(codes(&mut dialogue, &["RCPT TO:<complaints@BOUNCES.example.com>"]), ["250"]);
    }

    #[test]
    fn a_client_of_smtp_is_told_that_this_is_lmtp() {
        assert_eq!(codes(&mut dialogue(), &["EHLO mx.example.com", "HELO mx.example.com"]), ["500", "500"]);
    }

    #[test]
    fn what_comes_out_of_order_changes_nothing() {
        let mut dialogue = dialogue();

        assert_eq!(
            codes(&mut dialogue, &["MAIL FROM:<>", "RCPT TO:<>", "DATA", "LHLO"]),
            ["503", "503", "503", "500"]
        );
        assert_eq!(codes(&mut dialogue, &["LHLO a", "MAIL FROM:<>", "MAIL FROM:<>"]), ["250", "250", "503"]);
        assert_eq!(
            codes(&mut dialogue, &["RSET", "RCPT TO:<complaints@bounces.example.com>"]),
            ["250", "503"]
        );
    }

    #[test]
    fn a_mail_that_says_that_it_is_too_large_is_refused_before_it_comes() {
        let mut dialogue = dialogue();

        let codes = codes(
            &mut dialogue,
            &["LHLO a", "MAIL FROM:<> SIZE=1001", "MAIL FROM:<> BODY=8BITMIME SIZE=1000"],
        );

        assert_eq!(codes, ["250", "552", "250"]);
    }

    #[test]
    fn who_makes_one_mistake_after_another_is_left_alone() {
        let mut dialogue = dialogue();

        let codes: Vec<String> =
            (0..MISTAKES).map(|_| says(&mut dialogue, "GET / HTTP/1.1")[..3].to_owned()).collect();

        assert!(codes[..9].iter().all(|code| code == "500"));
        assert_eq!(codes[9], "421");
    }

    #[test]
    fn recipients_of_one_mail_are_few() {
        let mut dialogue = dialogue();
        codes(&mut dialogue, &["LHLO a", "MAIL FROM:<>"]);

        let codes = codes(&mut dialogue, &["RCPT TO:<complaints@bounces.example.com>"; RECIPIENTS + 1]);

        assert_eq!(codes.iter().filter(|code| *code == "250").count(), RECIPIENTS);
        assert_eq!(codes.last().unwrap(), "452");
    }

    mod fuzz {
        use super::*;

        #[test]
        fn an_lmtp_dialogue_answers_every_line_and_takes_mail_for_nobody_else() {
            let samples: &[&[u8]] = &[
                b"LHLO mx\nMAIL FROM:<> SIZE=10\nRCPT TO:<bounce+good@bounces.example.com>\nDATA",
                b"LHLO mx\nMAIL FROM:<a@b>\nRCPT TO:<complaints@bounces.example.com>\nDATA\nRSET\nQUIT",
            ];
            rekey_testing::fuzz(samples, |bytes: &[u8]| {
                let mut dialogue = dialogue();
                for line in bytes.split(|byte| *byte == b'\n') {
                    let (Step::Reply(text) | Step::Data(text) | Step::Close(text)) =
                        dialogue.command(line, |token| token == "good");
                    assert!(text.ends_with("\r\n") && text.as_bytes()[..3].iter().all(u8::is_ascii_digit));
                }
                for recipient in dialogue.take_envelope().into_iter().flat_map(|one| one.recipients) {
                    assert!(matches!(recipient, Recipient::Complaints) || recipient == good());
                }
            });
        }

        fn good() -> Recipient {
            Recipient::Bounce { token: "good".to_owned() }
        }
    }
}
