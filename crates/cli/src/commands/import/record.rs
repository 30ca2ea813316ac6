//! A person of another product in the one form that all formats are read into: what a line of `jsonl` holds.

use std::fmt;

use rekey_wire::identity::v1::imported_address::Address;
use rekey_wire::identity::v1::{ImportRecord, ImportedAddress};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A person.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Record {
    pub(crate) logins: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) external_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) addresses: Vec<RecordAddress>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) password_hash: String,
    /// When the password was set, by RFC 3339.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) password_time: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) must_change_password: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) blocked: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) managed_elsewhere: bool,
    /// By name, or by id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) groups: Vec<String>,
    /// Why an earlier import rejected it; passed over.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) rejection: Value,
}

/// Shows neither the password's hash nor where the person is reached.
impl fmt::Debug for Record {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Record").field("logins", &self.logins).finish_non_exhaustive()
    }
}

/// One of a person's addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordAddress {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) email: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) phone: String,
    /// Its person confirmed it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) confirmed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it may leave out by reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl RecordAddress {
    pub(crate) fn email(address: impl Into<String>, confirmed: bool) -> Self {
        Self { email: address.into(), phone: String::new(), confirmed }
    }

    pub(crate) fn phone(number: impl Into<String>, confirmed: bool) -> Self {
        Self { email: String::new(), phone: number.into(), confirmed }
    }
}

impl Record {
    /// Adds a login, unless it is empty or there already.
    pub(crate) fn add_login(&mut self, login: &str) {
        if !login.is_empty() && !self.logins.iter().any(|known| known.eq_ignore_ascii_case(login)) {
            self.logins.push(login.to_owned());
        }
    }

    /// Adds an address, unless it is empty or there already.
    pub(crate) fn add_address(&mut self, address: RecordAddress) {
        let same = |known: &RecordAddress| known.email == address.email && known.phone == address.phone;
        let is_empty = address.email.is_empty() && address.phone.is_empty();
        if !is_empty && !self.addresses.iter().any(same) {
            self.addresses.push(address);
        }
    }

    /// As the contract has it, with the groups by id; or what is wrong with it.
    pub(crate) fn wire(&self, group_ids: Vec<String>) -> Result<ImportRecord, String> {
        let addresses = self.addresses.iter().map(|entry| {
            let address = match (entry.email.as_str(), entry.phone.as_str()) {
                (email, "") => Address::EmailAddress(email.to_owned()),
                ("", phone) => Address::PhoneNumber(phone.to_owned()),
                _ => return Err("an address is an email or a phone, not both".to_owned()),
            };
            Ok(ImportedAddress { address: Some(address), confirmed: entry.confirmed })
        });
        let password_time = match self.password_time.as_str() {
            "" => None,
            text => Some(moment(text).ok_or("password_time must be a moment like 2026-01-31T12:00:00Z")?),
        };
        Ok(ImportRecord {
            logins: self.logins.clone(),
            display_name: self.display_name.clone(),
            external_id: self.external_id.clone(),
            addresses: addresses.collect::<Result<_, _>>()?,
            password_hash: self.password_hash.clone(),
            password_time,
            must_change_password: self.must_change_password,
            blocked: self.blocked,
            managed_elsewhere: self.managed_elsewhere,
            group_ids,
        })
    }
}

fn moment(text: &str) -> Option<prost_types::Timestamp> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Some(rekey_wire::time::timestamp(i64::try_from(at.unix_timestamp_nanos() / 1_000).ok()?))
}

/// The RFC 3339 of milliseconds since 1970, as most products count.
pub(crate) fn of_millis(millis: i64) -> String {
    let at = rekey_primitives::clock::Timestamp::from_unix_micros(millis.saturating_mul(1_000));
    let text = at.to_string();
    if text.ends_with('Z') { text } else { format!("{text}Z") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_what_it_holds_and_nothing_else_is_taken() {
        let record = Record {
            logins: vec!["anna".to_owned()],
            addresses: vec![RecordAddress::phone("+15005550100", true)],
            groups: vec!["Staff".to_owned()],
            ..Record::default()
        };
        let line = serde_json::to_string(&record).unwrap();

        assert_eq!(
            line,
            r#"{"logins":["anna"],"addresses":[{"phone":"+15005550100","confirmed":true}],"groups":["Staff"]}"#
        );
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), record);
        assert!(serde_json::from_str::<Record>(r#"{"login":"anna"}"#).is_err());
    }

    #[test]
    fn moments_and_addresses_are_judged_before_they_are_sent() {
        let both = RecordAddress { email: "a@b.example".into(), phone: "+1500".into(), confirmed: false };
        let with = |address| Record { addresses: vec![address], ..Record::default() };
        let set = |text: &str| Record { password_time: text.to_owned(), ..Record::default() };

        assert!(with(both).wire(Vec::new()).is_err());
        assert_eq!(
            set("2030-03-17T17:46:40Z").wire(Vec::new()).unwrap().password_time.unwrap().seconds,
            1_900_000_000
        );
        assert!(set("yesterday").wire(Vec::new()).is_err());
        assert_eq!(
            set(&of_millis(1_900_000_000_000)).wire(Vec::new()).unwrap().password_time.unwrap().seconds,
            1_900_000_000
        );
    }
}
