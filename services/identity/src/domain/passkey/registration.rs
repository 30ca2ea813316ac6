//! Registering a credential: section 7.1.

use ciborium::Value;

use super::authenticator_data::AuthenticatorData;
use super::client_data::{Ceremony, Expected};
use super::key::PublicKey;
use super::{Challenge, Ciphers, Passkey, PasskeyRefused, RegistrationResponse, RelyingParty};

/// What a new credential is judged by.
pub(crate) struct RegistrationBasis<'a> {
    pub ciphers: Ciphers,
    pub relying_party: &'a RelyingParty,
    pub challenge: &'a Challenge,
}

/// An attestation object (section 6.5.4).
struct AttestationObject {
    format: String,
    statement: Vec<(Value, Value)>,
    authenticator_data: Vec<u8>,
}

impl RegistrationBasis<'_> {
    /// The passkey, if it may be registered. Whether anybody has it already (step 26) the store says.
    pub(crate) fn judge(&self, sent: &RegistrationResponse) -> Result<Passkey, PasskeyRefused> {
        let Self { ciphers, relying_party, challenge } = *self;
        // Steps 5 to 11.
        Expected { ceremony: Ceremony::Registration, challenge, relying_party }.check(&sent.client_data)?;
        // Steps 12 and 13.
        let hash = (ciphers.sha256)(&sent.client_data);
        let object = AttestationObject::read(&sent.attestation_object).ok_or(PasskeyRefused::Attestation)?;
        let data = AuthenticatorData::read(&object.authenticator_data)?;
        // Steps 14 to 19; that the kind of key is one that was asked for (step 20) was seen when it was read.
        data.check(&(ciphers.sha256)(relying_party.id.as_bytes()))?;
        let attested = data.attested.as_ref().ok_or(PasskeyRefused::AuthenticatorData)?;
        // Steps 21 to 24.
        object.check(ciphers, &attested.key, &hash)?;
        // Step 25 was seen when it was read; the browser calls it by the same id.
        if attested.credential_id != sent.raw_id {
            return Err(PasskeyRefused::CredentialId);
        }
        // Step 27.
        Ok(Passkey {
            credential_id: attested.credential_id.clone(),
            public_key: attested.key_bytes.clone(),
            counter: data.counter,
            backup_eligible: data.is_backup_eligible(),
            backed_up: data.is_backed_up(),
            transports: sent.transports.clone(),
            used_at: None,
        })
    }
}

impl AttestationObject {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let object: Value = ciborium::from_reader(&mut rest).ok()?;
        let map = object.into_map().ok().filter(|_| rest.is_empty())?;
        let (mut format, mut statement, mut authenticator_data) = (None, None, None);
        for (name, value) in map {
            match name.as_text()? {
                "fmt" => format = value.into_text().ok(),
                "attStmt" => statement = value.into_map().ok(),
                "authData" => authenticator_data = value.into_bytes().ok(),
                _ => {}
            }
        }
        Some(Self { format: format?, statement: statement?, authenticator_data: authenticator_data? })
    }

    /// No attestation was asked for, so browsers send none; what is left is one that a credential made of itself, with its own
    /// key (section 8.2, without certificates).
    fn check(&self, ciphers: Ciphers, key: &PublicKey, hash: &[u8; 32]) -> Result<(), PasskeyRefused> {
        let part = |name: &str| {
            self.statement.iter().find(|(label, _)| label.as_text() == Some(name)).map(|(_, value)| value)
        };
        let is_good = match self.format.as_str() {
            "none" => self.statement.is_empty(),
            "packed" if part("x5c").is_none() => {
                let algorithm =
                    part("alg").and_then(Value::as_integer).and_then(|alg| i64::try_from(alg).ok());
                let signed = [self.authenticator_data.as_slice(), hash].concat();
                let signature = part("sig").and_then(Value::as_bytes);
                algorithm == Some(key.algorithm())
                    && signature.is_some_and(|signature| (ciphers.verifies)(key, &signed, signature))
            }
            _ => false,
        };
        if is_good { Ok(()) } else { Err(PasskeyRefused::Attestation) }
    }
}
