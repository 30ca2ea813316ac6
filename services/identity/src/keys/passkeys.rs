//! What passkeys know an account by, what they are asked to sign in a reset, and the ciphers that judge them.

use rekey_primitives::id::{AccountId, ResetId, TenantId};
use rekey_sealing::{AuthenticatorKey, sha256};

use super::Keys;
use crate::domain::passkey::{Challenge, Ciphers, PublicKey, UserHandle};
use crate::domain::reset::{Position, verification_parts};

/// The ciphers of the house, for the rules of passkeys.
pub(crate) const CIPHERS: Ciphers = Ciphers { sha256, verifies };

impl Keys {
    /// The name of an account towards passkeys. A keyed hash, so it says nothing to whoever finds a device; of a key that does
    /// not rotate, since devices keep it for good.
    pub(crate) fn user_handle(&self, tenant_id: TenantId, account_id: AccountId) -> UserHandle {
        let (tenant, account) = (tenant_id.as_uuid(), account_id.as_uuid());
        self.login_hash.tag("passkey user handle", &[tenant.as_bytes(), account.as_bytes()])
    }

    /// What a passkey is asked to sign for a method of a reset. The reset is random, and the same method is asked the same until
    /// it ends, so nothing has to be remembered of whom was asked.
    pub(crate) fn reset_challenge(&self, reset_id: ResetId, position: Position) -> Challenge {
        let [reset, method] = verification_parts(reset_id, position);
        self.login_hash.tag("passkey challenge", &[&reset, &method])
    }
}

fn verifies(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let key = match key {
        PublicKey::Es256(point) => AuthenticatorKey::Es256(point),
        PublicKey::Ed25519(point) => AuthenticatorKey::Ed25519(point),
        PublicKey::Rs256 { modulus, exponent } => AuthenticatorKey::Rs256 { modulus, exponent },
    };
    key.verifies(message, signature)
}
