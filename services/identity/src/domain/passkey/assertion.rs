//! Using a credential: section 7.2.

use super::authenticator_data::AuthenticatorData;
use super::client_data::{Ceremony, Expected};
use super::key::PublicKey;
use super::{AuthenticationResponse, Challenge, Ciphers, Passkey, PasskeyRefused, RelyingParty, UserHandle};

/// What an assertion is judged by.
pub(crate) struct AssertionBasis<'a> {
    pub ciphers: Ciphers,
    pub relying_party: &'a RelyingParty,
    pub challenge: &'a Challenge,
    /// The account that it must be of.
    pub user_handle: &'a UserHandle,
}

/// What is remembered of a use (step 24).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asserted {
    pub counter: u32,
    pub backed_up: bool,
}

impl AssertionBasis<'_> {
    /// Whether the passkey signed what it was asked to. Which passkey it is (step 5) the caller found by the id.
    pub(crate) fn judge(
        &self,
        sent: &AuthenticationResponse,
        passkey: &Passkey,
    ) -> Result<Asserted, PasskeyRefused> {
        let Self { ciphers, relying_party, challenge, user_handle } = *self;
        // Step 6. Authenticators say whose a discoverable credential is; one that was named to them may leave it out.
        if sent.user_handle.as_ref().is_some_and(|said| said.as_slice() != user_handle) {
            return Err(PasskeyRefused::UserHandle);
        }
        // Steps 7 to 13.
        Expected { ceremony: Ceremony::Authentication, challenge, relying_party }.check(&sent.client_data)?;
        // Steps 14 to 17.
        let data = AuthenticatorData::read(&sent.authenticator_data)?;
        data.check(&(ciphers.sha256)(relying_party.id.as_bytes()))?;
        // Step 18.
        if data.is_backup_eligible() != passkey.backup_eligible {
            return Err(PasskeyRefused::BackupEligibilityChanged);
        }
        // Steps 20 and 21.
        let signed = [sent.authenticator_data.as_slice(), &(ciphers.sha256)(&sent.client_data)].concat();
        let key = PublicKey::stored(&passkey.public_key)?;
        if !(ciphers.verifies)(&key, &signed, &sent.signature) {
            return Err(PasskeyRefused::Signature);
        }
        // Step 22, after the signature: only who has the key can say that there are two of it.
        if !has_risen(passkey.counter, data.counter) {
            return Err(PasskeyRefused::CounterWentBack);
        }
        Ok(Asserted { counter: data.counter, backed_up: data.is_backed_up() })
    }
}

/// Whether a counter did what it must: authenticators without one say 0 for ever.
const fn has_risen(before: u32, now: u32) -> bool {
    now > before || (now == 0 && before == 0)
}
