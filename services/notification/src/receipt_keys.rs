//! What the key `receipt_mac` makes: hashes by which addresses are found without being kept, and the tokens by which whoever
//! reports of a message names it.
//!
//! A token has to fit into the 64 octets of a local part (RFC 5321, 4.5.3.1.1) behind `bounce+`, and mail systems may change
//! its case, so it is 56 characters of base32. It names the tenant and the millisecond at which the message was accepted,
//! which leads to its row, and carries two digests: one of these two, by which a made-up token is told without asking the
//! store, and one of the message's id, which is not in it. So nobody makes one, and none names another message.
//!
//! The key does not rotate: what it hashed is looked up by the hash alone.

use std::fmt;

use crate::domain::destination::Destination;
use data_encoding::BASE32_NOPAD;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{NotificationId, TenantId};
use rekey_primitives::secret::same;
use rekey_sealing::{KeyError, MacKeys};
use uuid::Uuid;

use crate::domain::suppression::AddressHash;

/// Of tenant and millisecond: enough that guessing costs more calls than a port takes.
const FRONT_BYTES: usize = 4;
/// Of the message.
const MESSAGE_BYTES: usize = 9;
const TENANT_BYTES: usize = 16;
/// What a UUID version 7 begins with.
const MILLISECOND_BYTES: usize = 6;
const TOKEN_BYTES: usize = TENANT_BYTES + MILLISECOND_BYTES + FRONT_BYTES + MESSAGE_BYTES;

/// The key for addresses and tokens. Clones hold the same one.
#[derive(Debug, Clone)]
pub(crate) struct ReceiptKeys(MacKeys);

/// A token that was made here, as far as that shows without the message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReceiptToken {
    tenant_id: TenantId,
    millisecond: i64,
    message: [u8; MESSAGE_BYTES],
}

impl ReceiptKeys {
    /// Takes the one key of a key text.
    pub(crate) fn from_text(text: &str) -> Result<Self, KeyError> {
        MacKeys::only_from_text(text).map(Self)
    }

    /// The keys themselves, to be held to those of the store.
    pub(crate) fn keys(&self) -> &MacKeys {
        &self.0
    }

    /// By what an address of a tenant is found. All spellings of it have the same.
    pub(crate) fn address_hash(&self, tenant_id: TenantId, destination: &Destination) -> AddressHash {
        let channel = destination.channel().as_str();
        let canonical = destination.canonical();
        let tenant = tenant_id.as_uuid();
        let parts = [tenant.as_bytes().as_slice(), channel.as_bytes(), canonical.as_bytes()];
        self.0.tag("suppressed address", &parts)
    }

    /// By what a message is named to those who will report of it.
    pub(crate) fn token(&self, tenant_id: TenantId, id: NotificationId) -> String {
        let (tenant, id) = (tenant_id.as_uuid(), id.as_uuid());
        let millisecond = &id.as_bytes()[..MILLISECOND_BYTES];
        let mut token = Vec::with_capacity(TOKEN_BYTES);
        token.extend_from_slice(tenant.as_bytes());
        token.extend_from_slice(millisecond);
        token.extend_from_slice(&self.front(tenant.as_bytes(), millisecond));
        token.extend_from_slice(&self.message(tenant_id, NotificationId::from_uuid(id)));
        BASE32_NOPAD.encode(&token).to_ascii_lowercase()
    }

    /// Reads a token in any case of its letters, if it was made here.
    pub(crate) fn open(&self, token: &str) -> Option<ReceiptToken> {
        let bytes = BASE32_NOPAD.decode(token.to_ascii_uppercase().as_bytes()).ok()?;
        let (tenant, rest) = bytes.split_first_chunk::<TENANT_BYTES>()?;
        let (millisecond, rest) = rest.split_first_chunk::<MILLISECOND_BYTES>()?;
        let (front, rest) = rest.split_first_chunk::<FRONT_BYTES>()?;
        let message: [u8; MESSAGE_BYTES] = rest.try_into().ok()?;
        if !same(front, &self.front(tenant, millisecond)) {
            return None;
        }
        let tenant_id = TenantId::from_uuid(Uuid::from_bytes(*tenant));
        let millisecond = millisecond.iter().fold(0, |number, byte| (number << 8) | i64::from(*byte));
        Some(ReceiptToken { tenant_id, millisecond, message })
    }

    /// Whether a token names this message of its tenant.
    pub(crate) fn names(&self, token: &ReceiptToken, id: NotificationId) -> bool {
        same(&token.message, &self.message(token.tenant_id, id))
    }

    fn front(&self, tenant: &[u8], millisecond: &[u8]) -> [u8; FRONT_BYTES] {
        front_of(&self.0.tag("receipt token", &[tenant, millisecond]))
    }

    fn message(&self, tenant_id: TenantId, id: NotificationId) -> [u8; MESSAGE_BYTES] {
        let (tenant, id) = (tenant_id.as_uuid(), id.as_uuid());
        let parts = [tenant.as_bytes().as_slice(), id.as_bytes().as_slice()];
        front_of(&self.0.tag("receipt message", &parts))
    }
}

fn front_of<const BYTES: usize>(digest: &[u8; 32]) -> [u8; BYTES] {
    let mut front = [0; BYTES];
    front.copy_from_slice(&digest[..BYTES]);
    front
}

impl ReceiptToken {
    /// The tenant of the message.
    pub(crate) const fn tenant_id(&self) -> TenantId {
        self.tenant_id
    }

    /// The millisecond since the epoch in which it was accepted.
    pub(crate) const fn millisecond(&self) -> i64 {
        self.millisecond
    }

    /// The same as an instant.
    pub(crate) fn accepted_at(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.millisecond.saturating_mul(1_000))
    }
}

/// A token is as good as a report of its message: it shows in no log.
impl fmt::Debug for ReceiptToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiptToken").field("tenant_id", &self.tenant_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::destination::Channel;

    use super::*;
    use crate::fixtures::{NOW, entropy, receipt_keys, tenant};

    fn id() -> NotificationId {
        NotificationId::generate(entropy().as_ref(), NOW)
    }

    fn hash(channel: Channel, text: &str) -> AddressHash {
        receipt_keys().address_hash(tenant(), &Destination::parse(channel, text).unwrap())
    }

    #[test]
    fn a_token_fits_into_a_local_part_and_survives_a_change_of_case() {
        let token = receipt_keys().token(tenant(), id());

        assert!("bounce+".len() + token.len() <= 64, "{}", token.len());
        assert!(token.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        for spelling in [token.clone(), token.to_ascii_uppercase()] {
            let opened = receipt_keys().open(&spelling).unwrap();
            assert_eq!(opened.tenant_id(), tenant());
            assert_eq!(opened.accepted_at(), NOW);
            assert!(receipt_keys().names(&opened, id()));
        }
    }

    #[test]
    fn a_token_with_any_character_changed_names_nothing() {
        let token = receipt_keys().token(tenant(), id());

        for place in 0..token.len() {
            let other = if &token[place..=place] == "a" { "b" } else { "a" };
            let changed = format!("{}{other}{}", &token[..place], &token[place + 1..]);

            let opened = receipt_keys().open(&changed);

            assert!(opened.is_none_or(|token| !receipt_keys().names(&token, id())), "{place}");
        }
    }

    #[test]
    fn a_token_names_no_other_message_and_is_of_no_other_key() {
        let token = receipt_keys().token(tenant(), id());
        let opened = receipt_keys().open(&token).unwrap();
        let mut bytes = *id().as_uuid().as_bytes();
        bytes[15] ^= 1;
        let neighbour = NotificationId::from_uuid(Uuid::from_bytes(bytes));
        let other =
            ReceiptKeys::from_text("other active AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();

        assert!(!receipt_keys().names(&opened, neighbour));
        assert_eq!(other.open(&token), None);
    }

    #[test]
    fn an_address_has_one_hash_in_all_spellings_and_another_in_each_tenant_and_channel() {
        let anna = hash(Channel::Email, "anna@example.com");
        let elsewhere = TenantId::from_uuid(Uuid::from_u128(1));
        let destination = Destination::parse(Channel::Email, "anna@example.com").unwrap();

        assert_eq!(anna, hash(Channel::Email, "Anna@EXAMPLE.com"));
        assert_ne!(anna, hash(Channel::Email, "bert@example.com"));
        assert_ne!(anna, hash(Channel::Sms, "+15005550100"));
        assert_ne!(anna, receipt_keys().address_hash(elsewhere, &destination));
    }

    #[test]
    fn a_token_shows_nothing_of_what_reports_by_it() {
        let token = receipt_keys().token(tenant(), id());

        let shown = format!("{:?}", receipt_keys().open(&token).unwrap());

        assert!(!shown.contains(&token) && !shown.contains("message"), "{shown}");
    }

    mod fuzz {
        use super::*;

        #[test]
        fn a_receipt_token_that_opens_and_names_a_message_is_the_one_that_was_made() {
            let token = receipt_keys().token(tenant(), id());
            rekey_testing::fuzz(
                &[token.as_bytes(), token.to_ascii_uppercase().as_bytes()],
                |bytes: &[u8]| {
                    let text = String::from_utf8_lossy(bytes);
                    if let Some(opened) = receipt_keys().open(&text)
                        && receipt_keys().names(&opened, id())
                    {
                        assert!(text.eq_ignore_ascii_case(&token));
                    }
                },
            );
        }
    }
}
