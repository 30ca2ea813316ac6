//! Grants as bytes, in every layout that was written so far.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;
use rekey_primitives::id::{GrantId, TenantId, VerificationId};
use rekey_primitives::method::ProofClass;
use rekey_sealing::codec;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{EncodedTransaction, encoded_transaction};
use crate::domain::grant::Grant;
use crate::domain::names::{CallerName, Purpose, Subject};
use crate::domain::scope::RunId;
use crate::domain::transaction::Transaction;

/// The layout of [`EncodedGrant`].
const GRANT: u8 = 1;
/// The layout of an [`EncodedGrant`] with its [`EncodedTransaction`].
const PAYMENT_GRANT: u8 = 2;
/// The layout of an [`EncodedGrant`] with the channel of its fallback, and with an [`EncodedTransaction`] where it has one.
const FALLBACK_GRANT: u8 = 3;

#[derive(Serialize, Deserialize)]
struct EncodedGrant {
    id: Uuid,
    tenant: Uuid,
    caller: String,
    audience: String,
    verification: Uuid,
    purpose: String,
    subject: String,
    channel: String,
    class: String,
    binding: [u8; 32],
    run_id: String,
    passed_at: i64,
    expires_at: i64,
}

pub(in crate::codes) fn encode_grant(grant: &Grant) -> Vec<u8> {
    let encoded = EncodedGrant {
        id: grant.id.as_uuid(),
        tenant: grant.tenant.as_uuid(),
        caller: grant.caller.as_str().to_owned(),
        audience: grant.audience.as_str().to_owned(),
        verification: grant.verification.as_uuid(),
        purpose: grant.purpose.as_str().to_owned(),
        subject: grant.subject.as_str().to_owned(),
        channel: grant.channel.as_str().to_owned(),
        class: grant.class.as_str().to_owned(),
        binding: grant.binding,
        run_id: grant.run_id.as_str().to_owned(),
        passed_at: grant.passed_at.unix_micros(),
        expires_at: grant.expires_at.unix_micros(),
    };
    if let Some(channel) = grant.fallback_channel {
        let transaction = grant.transaction.as_ref().map(encoded_transaction);
        return codec::encode(FALLBACK_GRANT, &(encoded, channel.as_str(), transaction)).to_vec();
    }
    match &grant.transaction {
        Some(transaction) => {
            codec::encode(PAYMENT_GRANT, &(encoded, encoded_transaction(transaction))).to_vec()
        }
        None => codec::encode(GRANT, &encoded).to_vec(),
    }
}

pub(in crate::codes) fn decode_grant(bytes: &[u8]) -> Option<Grant> {
    type WithFallback = (EncodedGrant, String, Option<EncodedTransaction>);
    let (grant, transaction, fallback) = match codec::decode::<WithFallback>(FALLBACK_GRANT, bytes) {
        Ok((grant, channel, transaction)) => (grant, transaction, Some(Channel::parse(&channel)?)),
        Err(_) => match codec::decode::<(EncodedGrant, EncodedTransaction)>(PAYMENT_GRANT, bytes) {
            Ok((grant, transaction)) => (grant, Some(transaction), None),
            Err(_) => (codec::decode(GRANT, bytes).ok()?, None, None),
        },
    };
    Some(Grant {
        id: GrantId::from_uuid(grant.id),
        tenant: TenantId::from_uuid(grant.tenant),
        caller: CallerName::parse(&grant.caller).ok()?,
        audience: CallerName::parse(&grant.audience).ok()?,
        verification: VerificationId::from_uuid(grant.verification),
        purpose: Purpose::parse(&grant.purpose).ok()?,
        subject: Subject::parse(&grant.subject).ok()?,
        transaction: transaction.map(Transaction::from),
        channel: Channel::parse(&grant.channel)?,
        fallback_channel: fallback,
        class: ProofClass::parse(&grant.class)?,
        binding: grant.binding,
        run_id: RunId::new(grant.run_id),
        passed_at: Timestamp::from_unix_micros(grant.passed_at),
        expires_at: Timestamp::from_unix_micros(grant.expires_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        Grant {
            id: GrantId::from_uuid(Uuid::from_u128(1)),
            tenant: TenantId::from_uuid(Uuid::from_u128(2)),
            caller: CallerName::parse("shop").unwrap(),
            audience: CallerName::parse("bank").unwrap(),
            verification: VerificationId::from_uuid(Uuid::from_u128(3)),
            purpose: Purpose::parse("payment").unwrap(),
            subject: Subject::parse("anna").unwrap(),
            transaction: Some(Transaction::parse("12.00 EUR", "Berta").unwrap()),
            channel: Channel::Sms,
            fallback_channel: None,
            class: ProofClass::Issued,
            binding: [9; 32],
            run_id: RunId::new("one"),
            passed_at: Timestamp::from_unix_micros(5),
            expires_at: Timestamp::from_unix_micros(6),
        }
    }

    #[test]
    fn a_grant_reads_back() {
        let plain = Grant { transaction: None, ..grant() };

        assert_eq!(decode_grant(&encode_grant(&grant())), Some(grant()));
        assert_eq!(decode_grant(&encode_grant(&plain)), Some(plain.clone()));
        for before in [grant(), plain] {
            let with_fallback = Grant { fallback_channel: Some(Channel::Email), ..before };
            assert_eq!(decode_grant(&encode_grant(&with_fallback)), Some(with_fallback));
        }
    }

    #[test]
    fn cut_or_lengthened_bytes_are_no_grant() {
        let bytes = encode_grant(&grant());
        let longer = [bytes.as_slice(), b"x"].concat();

        assert_eq!(decode_grant(&bytes[..bytes.len() - 1]), None);
        assert_eq!(decode_grant(&longer), None);
    }

    mod fuzz {
        use rekey_primitives::entropy::SeededEntropy;
        use rekey_primitives::secret::ExposeSecret as _;
        use rekey_sealing::{AeadKeys, KeyText, MacKeys, SigningKeys};

        use super::*;
        use crate::codes::CodeKeys;

        #[test]
        fn grants_that_read_say_the_same_again() {
            rekey_testing::fuzz(&[encode_grant(&grant()).as_slice()], |bytes: &[u8]| {
                if let Some(grant) = decode_grant(bytes) {
                    assert_eq!(decode_grant(&encode_grant(&grant)), Some(grant));
                }
            });
        }

        #[test]
        fn no_grant_says_anything_that_was_not_signed() {
            let text = KeyText::generate(&SeededEntropy::new(7), Timestamp::EPOCH);
            let keys = CodeKeys {
                macs: MacKeys::from_text(&text).unwrap(),
                seals: AeadKeys::from_text(&text).unwrap(),
                grants: SigningKeys::from_text(&text).unwrap(),
            };
            let signed = keys.sign_grant(&grant()).text;
            rekey_testing::fuzz(&[signed.expose_secret().as_bytes()], |bytes: &[u8]| {
                let read = keys.verify_grant(&String::from_utf8_lossy(bytes));
                assert!(read.is_none_or(|read| read == grant()));
            });
        }
    }
}
