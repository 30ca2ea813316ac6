//! A verification as the fields of a hash, and the answers of scripts as outcomes.

use std::collections::HashMap;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;
use rekey_primitives::id::GrantId;

use crate::domain::names::{CallerName, Purpose, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::scope::Generation;
use crate::domain::tag::Tag;
use crate::domain::verification::{Ending, Times, Verification};
use crate::store::{Checked, Dispatch, Failure, KeptCode, Passed, Sending, Sight};

/// What every script returns: texts, the first of them a word that says what follows.
pub(super) type Reply = Vec<Vec<u8>>;

/// Field names and values, in no particular order.
pub(super) fn fields(verification: &Verification, code: &KeptCode) -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let time = |at: Timestamp| at.unix_micros().to_string().into_bytes();
    let number = |number: u32| number.to_string().into_bytes();
    vec![
        ("content", text(verification.content.as_str())),
        ("purpose", text(verification.purpose.as_str())),
        ("subject", text(verification.subject.as_str())),
        ("channel", text(verification.channel.as_str())),
        ("audience", text(verification.audience.as_str())),
        ("binding", verification.binding.to_vec()),
        ("counts_failures", text(flag(verification.counts_failures))),
        ("generation", text(verification.generation.as_str())),
        ("created_at", time(verification.created_at)),
        ("expires_at", time(verification.expires_at)),
        ("ending", text(verification.ending.map_or("", Ending::as_str))),
        ("tries_left", number(verification.tries_left)),
        ("sends", number(verification.sends)),
        ("acknowledged", number(verification.acknowledged)),
        ("sent_at", time(verification.sent_at)),
        ("next_send_at", verification.next_send_at.map(time).unwrap_or_default()),
        ("route", verification.sealed_route.clone()),
        ("tag", text(code.tag.as_str())),
        ("code", code.sealed.clone()),
    ]
}

pub(super) const fn flag(is_set: bool) -> &'static str {
    if is_set { "1" } else { "0" }
}

/// The run of the store, then fields and values.
pub(super) fn sight(reply: Reply) -> Result<Sight, Failure> {
    let mut values = reply.into_iter();
    let generation = Generation::new(words(values.next(), "run")?);
    Ok(Sight { generation, verification: Kept::of(values).read_if_any()? })
}

/// What a try came to.
pub(super) fn checked(reply: Reply, now: Timestamp) -> Result<Checked, Failure> {
    match reply.first().map(Vec::as_slice) {
        Some(b"rejected") => Ok(Checked::Rejected),
        Some(b"moved") => Ok(Checked::Moved(Generation::new(words(reply.into_iter().nth(1), "run")?))),
        Some(b"passed") => {
            let mut values = reply.into_iter().skip(1);
            let grant = GrantId::parse(&words(values.next(), "grant")?);
            let grant = grant.map_err(|_| Failure::Unreadable("grant"))?;
            let at = time(&values.next().ok_or(Failure::Unreadable("a time"))?)?;
            let verification = Kept::of(values).read_if_any()?;
            let verification = verification.ok_or(Failure::Unreadable("what passed"))?;
            Ok(Checked::Passed(Box::new(Passed { grant, at, verification })))
        }
        _ => refusal(&reply, now).map(Checked::Refused),
    }
}

fn words(bytes: Option<Vec<u8>>, what: &'static str) -> Result<String, Failure> {
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(Failure::Unreadable(what))
}

struct Kept(HashMap<Vec<u8>, Vec<u8>>);

impl Kept {
    /// Fields and values in turn.
    fn of(mut values: impl Iterator<Item = Vec<u8>>) -> Self {
        let mut kept = HashMap::new();
        while let (Some(field), Some(value)) = (values.next(), values.next()) {
            kept.insert(field, value);
        }
        Self(kept)
    }

    fn read_if_any(&self) -> Result<Option<Verification>, Failure> {
        if self.0.is_empty() { Ok(None) } else { self.read().map(Some) }
    }

    fn read(&self) -> Result<Verification, Failure> {
        let unreadable = |_| Failure::Unreadable("a name");
        Ok(Verification {
            content: Tag::from_kept(self.text("content")?.to_owned()),
            purpose: Purpose::parse(self.text("purpose")?).map_err(unreadable)?,
            subject: Subject::parse(self.text("subject")?).map_err(unreadable)?,
            channel: Channel::parse(self.text("channel")?).ok_or(Failure::Unreadable("channel"))?,
            audience: CallerName::parse(self.text("audience")?).map_err(unreadable)?,
            binding: self.bytes("binding")?.try_into().map_err(|_| Failure::Unreadable("binding"))?,
            counts_failures: self.text("counts_failures")? == "1",
            generation: Generation::new(self.text("generation")?),
            created_at: self.time("created_at")?,
            expires_at: self.time("expires_at")?,
            ending: Ending::parse(self.text("ending")?),
            tries_left: self.number("tries_left")?,
            sends: self.number("sends")?,
            acknowledged: self.number("acknowledged")?,
            sent_at: self.time("sent_at")?,
            next_send_at: optional_time(self.bytes("next_send_at")?)?,
            sealed_route: self.bytes("route")?.to_vec(),
        })
    }

    fn bytes(&self, field: &'static str) -> Result<&[u8], Failure> {
        self.0.get(field.as_bytes()).map(Vec::as_slice).ok_or(Failure::Unreadable(field))
    }

    fn text(&self, field: &'static str) -> Result<&str, Failure> {
        std::str::from_utf8(self.bytes(field)?).map_err(|_| Failure::Unreadable(field))
    }

    fn number(&self, field: &'static str) -> Result<u32, Failure> {
        self.text(field)?.parse().map_err(|_| Failure::Unreadable(field))
    }

    fn time(&self, field: &'static str) -> Result<Timestamp, Failure> {
        time(self.bytes(field)?)
    }
}

/// What a start or resend came to.
pub(super) fn dispatch(reply: &Reply, now: Timestamp) -> Result<Dispatch, Failure> {
    let mut words = reply.iter().map(Vec::as_slice);
    let mut word = || words.next().ok_or(Failure::Unreadable("a reply cut short"));
    Ok(match word()? {
        kind @ (b"charged" | b"owed") => {
            let sending = Sending {
                number: number(word()?)?,
                sent_at: time(word()?)?,
                sealed_code: word()?.to_vec(),
                sealed_route: word()?.to_vec(),
                times: Times { expires_at: time(word()?)?, next_send_at: optional_time(word()?)? },
                is_quiet: word()? == b"1",
            };
            if kind == b"charged" { Dispatch::Charged(sending) } else { Dispatch::Owed(sending) }
        }
        b"settled" => {
            let times = Times { expires_at: time(word()?)?, next_send_at: optional_time(word()?)? };
            Dispatch::Settled { times, sent: word()? == b"1" }
        }
        b"no" => Dispatch::Refused(refusal(reply, now)?),
        b"unfunded" => Dispatch::Unfunded,
        b"moved" => Dispatch::Moved,
        _ => return Err(Failure::Unreadable("a reply of no known kind")),
    })
}

/// What `{'no', word, until}` means.
pub(super) fn refusal(reply: &Reply, now: Timestamp) -> Result<Refusal, Failure> {
    let wait = || -> Result<Duration, Failure> {
        Ok(time(reply.get(2).ok_or(Failure::Unreadable("a refusal without an end"))?)?.since(now))
    };
    Ok(match reply.get(1).map(Vec::as_slice) {
        Some(b"reused") => Refusal::RequestIdReused,
        Some(b"absent") => Refusal::VerificationNotFound,
        Some(b"differs") => Refusal::VerificationDiffers,
        Some(b"over") => Refusal::VerificationOver,
        Some(b"soon") => Refusal::ResendTooSoon(wait()?),
        Some(b"exhausted") => Refusal::SendsExhausted,
        Some(b"subject") => Refusal::SubjectLimited(wait()?),
        Some(b"tenant" | b"texts") => Refusal::TenantLimited(wait()?),
        Some(b"paused") => Refusal::SubjectPaused(wait()?),
        Some(b"stopped") => Refusal::SubjectStopped,
        Some(b"grant") => Refusal::GrantInvalid,
        _ => return Err(Failure::Unreadable("a refusal of no known kind")),
    })
}

fn number(bytes: &[u8]) -> Result<u32, Failure> {
    let text = std::str::from_utf8(bytes).ok();
    text.and_then(|text| text.parse().ok()).ok_or(Failure::Unreadable("a number"))
}

fn time(bytes: &[u8]) -> Result<Timestamp, Failure> {
    let text = std::str::from_utf8(bytes).ok();
    let micros = text.and_then(|text| text.parse().ok()).ok_or(Failure::Unreadable("a time"))?;
    Ok(Timestamp::from_unix_micros(micros))
}

fn optional_time(bytes: &[u8]) -> Result<Option<Timestamp>, Failure> {
    if bytes.is_empty() { Ok(None) } else { time(bytes).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::verification::tests::fresh;

    #[test]
    fn a_verification_reads_back_from_its_fields() {
        let mut verification = fresh(Timestamp::from_unix_micros(1_785_000_000_000_000));
        verification.ending = Some(Ending::Passed);
        verification.next_send_at = None;
        let code = KeptCode { tag: Tag::new("k", &[1; 32]), sealed: vec![1] };
        let mut reply = vec![b"run".to_vec()];
        for (field, value) in fields(&verification, &code) {
            reply.extend([field.as_bytes().to_vec(), value]);
        }

        let seen = sight(reply).unwrap();

        assert_eq!(seen.verification, Some(verification));
        assert_eq!(seen.generation, Generation::new("run"));
    }

    #[test]
    fn nothing_kept_is_no_verification() {
        let seen = sight(vec![b"run".to_vec()]).unwrap();

        assert_eq!(seen.verification, None);
    }

    #[test]
    fn a_reply_that_does_not_read_is_a_failure_and_no_verdict() {
        let cut = vec![b"charged".to_vec(), b"1".to_vec()];

        assert!(matches!(dispatch(&cut, Timestamp::EPOCH), Err(Failure::Unreadable(_))));
        assert!(matches!(dispatch(&vec![b"?".to_vec()], Timestamp::EPOCH), Err(Failure::Unreadable(_))));
    }
}
