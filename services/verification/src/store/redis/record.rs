//! A verification as the fields of a hash, see the parent module for their names.

use std::collections::HashMap;
use std::str::FromStr;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;

use crate::domain::mac::Mac;
use crate::domain::names::{CallerName, Purpose, Subject};
use crate::domain::route::Withheld;
use crate::domain::scope::RunId;
use crate::domain::verification::{Resolution, Verification};
use crate::store::{Failure, SealedCode};

/// Field names and values, in no particular order.
pub(super) fn fields(verification: &Verification, code: &SealedCode) -> Vec<(&'static str, Vec<u8>)> {
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
        ("generation", text(verification.run_id.as_str())),
        ("created_at", time(verification.created_at)),
        ("expires_at", time(verification.expires_at)),
        ("ending", text(verification.resolution.map_or("", Resolution::into))),
        ("tries_left", number(verification.attempts_left)),
        ("sends", number(verification.sends)),
        ("acknowledged", number(verification.acknowledged)),
        ("sent_at", time(verification.sent_at)),
        ("next_send_at", verification.next_send_at.map(time).unwrap_or_default()),
        ("withheld", number(verification.withheld.bits())),
        ("route", verification.sealed_route.clone()),
        ("standing", text(verification.standing.as_str())),
        ("tag", text(code.mac.as_str())),
        ("code", code.sealed.clone()),
    ]
}

pub(super) const fn flag(is_set: bool) -> &'static str {
    if is_set { "1" } else { "0" }
}

/// The fields of a verification as a script returned them.
pub(super) struct Record(HashMap<Vec<u8>, Vec<u8>>);

impl Record {
    /// Fields and values in turn.
    pub(super) fn of(mut values: impl Iterator<Item = Vec<u8>>) -> Self {
        let mut fields = HashMap::new();
        while let (Some(field), Some(value)) = (values.next(), values.next()) {
            fields.insert(field, value);
        }
        Self(fields)
    }

    /// None where nothing is stored.
    pub(super) fn read_if_any(&self) -> Result<Option<Verification>, Failure> {
        if self.0.is_empty() { Ok(None) } else { self.read().map(Some) }
    }

    fn read(&self) -> Result<Verification, Failure> {
        let unreadable = |_| Failure::Unreadable("a name");
        Ok(Verification {
            content: Mac::from_stored(self.text("content")?.to_owned()),
            purpose: Purpose::parse(self.text("purpose")?).map_err(unreadable)?,
            subject: Subject::parse(self.text("subject")?).map_err(unreadable)?,
            channel: Channel::parse(self.text("channel")?).ok_or(Failure::Unreadable("channel"))?,
            audience: CallerName::parse(self.text("audience")?).map_err(unreadable)?,
            binding: self.bytes("binding")?.try_into().map_err(|_| Failure::Unreadable("binding"))?,
            counts_failures: self.text("counts_failures")? == "1",
            run_id: RunId::new(self.text("generation")?),
            created_at: self.time("created_at")?,
            expires_at: self.time("expires_at")?,
            resolution: Resolution::from_str(self.text("ending")?).ok(),
            attempts_left: self.number("tries_left")?,
            sends: self.number("sends")?,
            acknowledged: self.number("acknowledged")?,
            sent_at: self.time("sent_at")?,
            next_send_at: optional_time(self.bytes("next_send_at")?)?,
            withheld: self.withheld()?,
            sealed_route: self.bytes("route")?.to_vec(),
            standing: self.standing()?,
        })
    }

    fn bytes(&self, field: &'static str) -> Result<&[u8], Failure> {
        self.0.get(field.as_bytes()).map(Vec::as_slice).ok_or(Failure::Unreadable(field))
    }

    fn text(&self, field: &'static str) -> Result<&str, Failure> {
        std::str::from_utf8(self.bytes(field)?).map_err(|_| Failure::Unreadable(field))
    }

    fn number(&self, field: &'static str) -> Result<u32, Failure> {
        number(self.bytes(field)?)
    }

    /// Nobody, where the version before wrote the record.
    fn withheld(&self) -> Result<Withheld, Failure> {
        let bits = self.0.get(b"withheld".as_slice()).map_or(Ok(0), |bits| number(bits))?;
        Ok(Withheld::from_bits(bits))
    }

    /// Of no kind, where the version before wrote the record.
    fn standing(&self) -> Result<Mac, Failure> {
        let text = self.0.get(b"standing".as_slice()).map_or(Ok(""), |bytes| std::str::from_utf8(bytes));
        Ok(Mac::from_stored(text.map_err(|_| Failure::Unreadable("standing"))?.to_owned()))
    }

    fn time(&self, field: &'static str) -> Result<Timestamp, Failure> {
        time(self.bytes(field)?)
    }
}

pub(super) fn number(bytes: &[u8]) -> Result<u32, Failure> {
    let text = std::str::from_utf8(bytes).ok();
    text.and_then(|text| text.parse().ok()).ok_or(Failure::Unreadable("a number"))
}

pub(super) fn time(bytes: &[u8]) -> Result<Timestamp, Failure> {
    let text = std::str::from_utf8(bytes).ok();
    let micros = text.and_then(|text| text.parse().ok()).ok_or(Failure::Unreadable("a time"))?;
    Ok(Timestamp::from_unix_micros(micros))
}

pub(super) fn optional_time(bytes: &[u8]) -> Result<Option<Timestamp>, Failure> {
    if bytes.is_empty() { Ok(None) } else { time(bytes).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::verification::tests::fresh;

    #[test]
    fn a_verification_reads_back_from_its_fields() {
        let mut verification = fresh(Timestamp::from_unix_micros(1_785_000_000_000_000));
        verification.resolution = Some(Resolution::Passed);
        verification.next_send_at = None;
        verification.withheld = Withheld::default().with(2);
        let code = SealedCode { mac: Mac::new("k", &[1; 32]), sealed: vec![1] };

        let fields = fields(&verification, &code).into_iter();
        let fields = fields.flat_map(|(field, value)| [field.as_bytes().to_vec(), value]);

        assert_eq!(Record::of(fields).read_if_any().unwrap(), Some(verification));
    }

    #[test]
    fn a_verification_of_the_version_before_withholds_nothing_and_has_no_standing() {
        let verification = fresh(Timestamp::from_unix_micros(1_785_000_000_000_000));
        let code = SealedCode { mac: Mac::new("k", &[1; 32]), sealed: vec![1] };

        let is_newer = |field: &str| ["withheld", "standing"].contains(&field);
        let fields = fields(&verification, &code).into_iter().filter(|(field, _)| !is_newer(field));
        let fields = fields.flat_map(|(field, value)| [field.as_bytes().to_vec(), value]);

        let before = Verification { standing: Mac::from_stored(String::new()), ..verification };
        assert_eq!(Record::of(fields).read_if_any().unwrap(), Some(before));
    }

    #[test]
    fn no_fields_are_no_verification() {
        assert_eq!(Record::of(std::iter::empty()).read_if_any().unwrap(), None);
    }
}
