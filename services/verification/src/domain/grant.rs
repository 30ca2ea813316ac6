//! What a passed verification is evidence of, and the bytes that are signed for it.
//!
//! A grant carries everything it says, so redeeming reads nothing but a marker that it was redeemed. That marker can
//! be lost in a failover, which is why the grant names the run of the store it belongs to.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;
use rekey_primitives::id::{GrantId, TenantId, VerificationId};
use rekey_primitives::method::ProofClass;
use uuid::Uuid;

use super::encoding::{Reader, Writer};
use super::names::{CallerName, Purpose, Subject};
use super::scope::RunId;

const LABEL: &str = "rekey grant 1";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) id: GrantId,
    pub(crate) tenant: TenantId,
    /// Who had the code checked.
    pub(crate) caller: CallerName,
    /// Who may redeem it.
    pub(crate) audience: CallerName,
    pub(crate) verification: VerificationId,
    pub(crate) purpose: Purpose,
    pub(crate) subject: Subject,
    pub(crate) channel: Channel,
    pub(crate) class: ProofClass,
    /// A digest of the bytes it is bound to.
    pub(crate) binding: [u8; 32],
    /// The run of the store that it belongs to.
    pub(crate) run_id: RunId,
    /// When the right code was given.
    pub(crate) passed_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl Grant {
    /// The bytes to be signed.
    pub(crate) fn encode(&self) -> Vec<u8> {
        Writer::new(LABEL)
            .field(self.id.as_uuid().as_bytes())
            .field(self.tenant.as_uuid().as_bytes())
            .field(self.caller.as_str())
            .field(self.audience.as_str())
            .field(self.verification.as_uuid().as_bytes())
            .field(self.purpose.as_str())
            .field(self.subject.as_str())
            .field(self.channel.as_str())
            .field(self.class.as_str())
            .field(self.binding)
            .field(self.run_id.as_str())
            .field(self.passed_at.unix_micros().to_be_bytes())
            .field(self.expires_at.unix_micros().to_be_bytes())
            .finish()
            .to_vec()
    }

    /// What [`Grant::encode`] wrote. Says nothing about who wrote it: verify the signature first.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Reader::new(LABEL, bytes)?;
        let grant = Self {
            id: GrantId::from_uuid(Uuid::from_bytes(fields.array()?)),
            tenant: TenantId::from_uuid(Uuid::from_bytes(fields.array()?)),
            caller: CallerName::parse(fields.text()?).ok()?,
            audience: CallerName::parse(fields.text()?).ok()?,
            verification: VerificationId::from_uuid(Uuid::from_bytes(fields.array()?)),
            purpose: Purpose::parse(fields.text()?).ok()?,
            subject: Subject::parse(fields.text()?).ok()?,
            channel: Channel::parse(fields.text()?)?,
            class: ProofClass::parse(fields.text()?)?,
            binding: fields.array()?,
            run_id: RunId::new(fields.text()?),
            passed_at: Timestamp::from_unix_micros(i64::from_be_bytes(fields.array()?)),
            expires_at: Timestamp::from_unix_micros(i64::from_be_bytes(fields.array()?)),
        };
        fields.is_done().then_some(grant)
    }
}

/// The class of evidence that a code by this channel is. Both were issued by us just now.
pub(crate) const fn class_of(channel: Channel) -> ProofClass {
    match channel {
        Channel::Email | Channel::Sms => ProofClass::Issued,
    }
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
            channel: Channel::Sms,
            class: class_of(Channel::Sms),
            binding: [9; 32],
            run_id: RunId::new("one"),
            passed_at: Timestamp::from_unix_micros(5),
            expires_at: Timestamp::from_unix_micros(6),
        }
    }

    #[test]
    fn a_grant_reads_back() {
        assert_eq!(Grant::decode(&grant().encode()), Some(grant()));
    }

    #[test]
    fn cut_or_lengthened_bytes_are_no_grant() {
        let bytes = grant().encode();
        let longer = [bytes.as_slice(), b"x"].concat();

        assert_eq!(Grant::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Grant::decode(&longer), None);
    }
}
