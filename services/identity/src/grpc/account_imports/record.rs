//! A record of an import: judged by itself, so that one that is wrong is a line of the report and no refusal.

use rekey_primitives::secret::SecretString;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::imported_address::Address;
use rekey_wire::time;

use super::super::accounts::EXTERNAL_ID;
use super::super::decode::Fields;
use crate::directory::{ImportedAddress, NewRecord, UnreadRecord};
use crate::domain::account::{LOGINS_MAX, is_external_id};
use crate::domain::account_import::{
    ADDRESSES_MAX, Flaw, GROUPS_MAX, HASH_BYTES_MAX, RejectionReason, masked_login,
};
use crate::domain::group::GroupId;

/// The account it asks for, or what is wrong with it.
pub(super) fn read(sent: wire::ImportRecord) -> Result<NewRecord, UnreadRecord> {
    let masked_login = masked_login(sent.logins.first().map_or("", String::as_str));
    fields(sent).map_err(|wrong| {
        let (field, problem) = (wrong.field.into_owned(), wrong.must_be.to_owned());
        UnreadRecord { masked_login, flaw: Flaw { reason: RejectionReason::FieldInvalid, field, problem } }
    })
}

fn fields(sent: wire::ImportRecord) -> Result<NewRecord, crate::domain::refusal::FieldInvalid> {
    let mut fields = Fields::default();
    fields.demand((1..=LOGINS_MAX).contains(&sent.logins.len()), "logins", "1 to 20 names");
    let typed = sent.logins.iter().take(LOGINS_MAX).enumerate();
    let logins: Option<Vec<_>> =
        typed.map(|(index, text)| fields.login(format!("logins[{index}]"), text)).collect();
    let display_name = match sent.display_name.as_str() {
        "" => Some(None),
        text => fields.display_name("display_name", text).map(Some),
    };
    let read_id = |text: &str| is_external_id(text).then(|| text.to_owned());
    let external_id = fields.optional("external_id", &sent.external_id, read_id, EXTERNAL_ID);
    let addresses = fields.imported_addresses(sent.addresses);
    // Made a secret before it is judged, so that it is wiped either way.
    let (length, hash) = (sent.password_hash.len(), SecretString::from(sent.password_hash));
    fields.demand(length <= HASH_BYTES_MAX, "password_hash", "at most 1024 bytes");
    let password_time = match sent.password_time {
        None => Some(None),
        Some(at) => fields.take("password_time", time::unix_micros(&at), "a moment").map(Some),
    };
    fields.demand(sent.group_ids.len() <= GROUPS_MAX, "group_ids", "at most 20");
    let groups: Option<Vec<GroupId>> = (sent.group_ids.iter().take(GROUPS_MAX).enumerate())
        .map(|(index, text)| fields.take(format!("group_ids[{index}]"), GroupId::parse(text).ok(), "a UUID"))
        .collect();
    fields.finish_record(|| {
        Some(NewRecord {
            logins: distinct(logins?),
            display_name: display_name?,
            external_id: external_id?,
            addresses: addresses?,
            password_hash: Some(hash).filter(|_| length > 0),
            password_time: password_time?,
            must_change_password: sent.must_change_password,
            blocked: sent.blocked,
            managed_elsewhere: sent.managed_elsewhere,
            groups: distinct(groups?),
        })
    })
}

impl Fields {
    fn imported_addresses(&mut self, sent: Vec<wire::ImportedAddress>) -> Option<Vec<ImportedAddress>> {
        self.demand(sent.len() <= ADDRESSES_MAX, "addresses", "at most 10");
        let read = sent.into_iter().take(ADDRESSES_MAX).enumerate().map(|(index, entry)| {
            let confirmed = entry.confirmed;
            let address = match entry.address {
                Some(Address::EmailAddress(text)) => {
                    self.email(format!("addresses[{index}].email_address"), &text)
                }
                Some(Address::PhoneNumber(text)) => {
                    self.phone(format!("addresses[{index}].phone_number"), &text)
                }
                None => self.take(format!("addresses[{index}]"), None, "an e-mail address or a phone number"),
            };
            address.map(|address| ImportedAddress { address, confirmed })
        });
        read.collect::<Vec<_>>().into_iter().collect()
    }
}

/// Each of them once, in their order.
fn distinct<T: PartialEq>(items: Vec<T>) -> Vec<T> {
    let mut distinct = Vec::with_capacity(items.len());
    for item in items {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> wire::ImportRecord {
        wire::ImportRecord { logins: vec!["anna@example.com".to_owned()], ..wire::ImportRecord::default() }
    }

    fn flaw(sent: wire::ImportRecord) -> (String, String) {
        let unread = read(sent).unwrap_err();
        assert_eq!(unread.flaw.reason, RejectionReason::FieldInvalid);
        (unread.flaw.field, unread.masked_login)
    }

    #[test]
    fn a_login_is_all_that_a_record_needs() {
        let read = read(record()).unwrap();

        assert_eq!(read.logins.len(), 1);
        assert!(read.password_hash.is_none() && read.addresses.is_empty() && read.groups.is_empty());
    }

    #[test]
    fn the_first_wrong_field_is_named_and_the_login_is_masked() {
        let bad_address = wire::ImportedAddress {
            address: Some(Address::EmailAddress("nobody".to_owned())),
            confirmed: true,
        };
        let with_address = wire::ImportRecord { addresses: vec![bad_address], ..record() };
        let too_long = wire::ImportRecord { password_hash: "x".repeat(1_025), ..record() };
        let mask = "a•••••@e•••••".to_owned();

        assert_eq!(flaw(with_address), ("addresses[0].email_address".to_owned(), mask.clone()));
        assert_eq!(flaw(too_long), ("password_hash".to_owned(), mask));
        assert_eq!(flaw(wire::ImportRecord { external_id: "ä".to_owned(), ..record() }).0, "external_id");
        assert_eq!(
            flaw(wire::ImportRecord { group_ids: vec!["Staff".to_owned()], ..record() }).0,
            "group_ids[0]"
        );
        assert_eq!(
            flaw(wire::ImportRecord { logins: Vec::new(), ..record() }),
            ("logins".to_owned(), String::new())
        );
    }

    #[test]
    fn a_name_that_is_there_twice_is_one() {
        let logins = ["anna@example.com", "ANNA@example.com", "anna"].map(str::to_owned).to_vec();

        assert_eq!(read(wire::ImportRecord { logins, ..record() }).unwrap().logins.len(), 2);
    }
}
