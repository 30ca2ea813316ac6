//! A type per kind of id, so that an account can never stand where a tenant is meant.
//!
//! All are UUIDs. Text is read in one form only, 36 characters with hyphens: one id, one
//! spelling, so that text comparisons elsewhere (logs, caches, signatures) cannot be fooled.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use crate::clock::Timestamp;
use crate::entropy::{Entropy, uuid_v7};

/// The text is not a hyphenated UUID of 36 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: 36 characters in the form 8-4-4-4-12 are expected")]
pub struct Malformed;

fn parse_hyphenated(text: &str) -> Result<Uuid, Malformed> {
    if text.len() != 36 {
        return Err(Malformed);
    }
    Uuid::try_parse(text).map_err(|_| Malformed)
}

/// The UUID that a digest stands for: its first 16 bytes with the version and variant bits of a random
/// UUID (RFC 9562, version 4) set. The same digest always gives the same id, and 122 bits of the digest
/// are left to tell ids apart.
pub fn from_digest(digest: &[u8; 32]) -> Uuid {
    let mut front = [0; 16];
    front.copy_from_slice(&digest[..16]);
    Builder::from_random_bytes(front).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, derive_more::Debug)]
        #[debug("{self}")]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new one that sorts by `now` (UUID version 7).
            pub fn generate(entropy: &dyn Entropy, now: Timestamp) -> Self {
                Self(uuid_v7(entropy, now))
            }

            /// Reads the hyphenated form, in either case.
            pub fn parse(text: &str) -> Result<Self, Malformed> {
                parse_hyphenated(text).map(Self)
            }

            /// Takes a UUID that is known to name this kind of thing, as from a store.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself, as for a store.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.hyphenated(), f)
            }
        }
    )+};
}

ids! {
    /// An organisation.
    TenantId
    /// A group of accounts.
    GroupId
    /// A person in a tenant.
    AccountId
    /// One registered way of an account to prove itself.
    SecurityInfoId
    /// A signed-in device.
    SessionId
    /// A reset under way.
    ResetId
    /// One code and its limits; chosen by the caller of the verification service.
    VerificationId
    /// Single-use evidence of a passed verification.
    GrantId
    /// A message until it is delivered, dropped or dead.
    NotificationId
    /// An entry of the audit log.
    EventId
    /// Where the events of a tenant are sent.
    AuditWebhookId
    /// A person asking an administrator.
    HelpRequestId
    /// What makes a repeated call the same call.
    RequestId
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    const TEXT: &str = "0190c3a5-7e1c-7b2a-9f00-0123456789ab";

    #[test]
    fn an_id_reads_back_what_it_prints() {
        let id = AccountId::generate(&SeededEntropy::new(1), Timestamp::EPOCH);

        assert_eq!(AccountId::parse(&id.to_string()), Ok(id));
        assert_eq!(AccountId::from_uuid(id.as_uuid()), id);
        assert_eq!(format!("{id:?}"), id.to_string());
    }

    #[test]
    fn an_id_from_a_digest_is_its_front_with_the_bits_of_version_4() {
        let id = from_digest(&[0xff; 32]);

        assert_eq!(id.to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!((id.get_version_num(), id.get_variant()), (4, uuid::Variant::RFC4122));
        assert_eq!(id, from_digest(&std::array::from_fn(|place| if place < 16 { 0xff } else { 0 })));
    }

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let bare = TEXT.replace('-', "");

        assert_eq!(TenantId::parse(TEXT).map(|id| id.to_string()), Ok(TEXT.to_owned()));
        for wrong in ["", &bare, &format!("{{{TEXT}}}"), &format!("urn:uuid:{TEXT}"), &format!(" {TEXT}")] {
            assert_eq!(TenantId::parse(wrong), Err(Malformed), "{wrong}");
        }
        assert_eq!(TenantId::parse(&"g".repeat(36)), Err(Malformed));
        assert_eq!(TenantId::parse(&format!("{bare}0000")), Err(Malformed));
    }

    #[test]
    fn upper_case_is_read_and_lower_case_written() {
        assert_eq!(TenantId::parse(&TEXT.to_uppercase()).map(|id| id.to_string()), Ok(TEXT.to_owned()));
    }
}
