//! The keys of authenticators, sealed, the codes they show, and what is stored of recovery codes.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::code::canonical;
use rekey_primitives::entropy::Entropy;
use rekey_primitives::id::{AccountId, SecurityInfoId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString, Zeroizing, same};
use rekey_sealing::{OtpHash, hotp};

use super::Keys;
use crate::domain::recovery_codes;
use crate::domain::sealed::Sealed;
use crate::domain::security_info::{Holding, SecurityInfo};
use crate::domain::totp::{Totp, TotpHash, steps_at};
use crate::store::accounts::{HeldCode, HeldCodeKind};

impl Keys {
    /// Seals the key of an authenticator. Under the pepper, since it has to be read for as long as people have it.
    pub(crate) fn seal_authenticator(
        &self,
        entropy: &dyn Entropy,
        tenant_id: TenantId,
        entry: SecurityInfoId,
        key: &[u8],
    ) -> Sealed {
        Sealed::new(self.pepper.seal(entropy, &authenticator_context(tenant_id, entry), key))
    }

    /// Opens the key of an authenticator; `None` if the pepper it is under is gone.
    pub(crate) fn open_authenticator(
        &self,
        tenant_id: TenantId,
        entry: SecurityInfoId,
        sealed: &Sealed,
    ) -> Option<Zeroizing<Vec<u8>>> {
        self.pepper.open(&authenticator_context(tenant_id, entry), sealed.as_bytes()).ok()
    }

    /// What is stored of a recovery code.
    pub(crate) fn recovery_code_hash(
        &self,
        tenant_id: TenantId,
        account_id: AccountId,
        code: &SecretString,
    ) -> [u8; 32] {
        let code = recovery_codes::canonical(code);
        let parts = [tenant_id.as_uuid().into_bytes().to_vec(), account_id.as_uuid().into_bytes().to_vec()];
        self.login_hash.tag("recovery code", &[&parts[0], &parts[1], code.expose_secret().as_bytes()])
    }

    /// The work of comparing a code with those of an authenticator, where there is none.
    pub(crate) fn code_of_nobody(&self, typed: &SecretString, now: Timestamp) -> bool {
        let usual = Totp { hash: TotpHash::Sha1, digits: 6 };
        matching_step(usual, &[0; TotpHash::Sha1.key_bytes()], (typed, now), None).is_some()
    }

    /// The step of an authenticator whose code was typed, if it counts and is new.
    pub(crate) fn authenticator_code(
        &self,
        entropy: &dyn Entropy,
        tenant_id: TenantId,
        entry: &SecurityInfo,
        typed: (&SecretString, Timestamp),
    ) -> Option<HeldCode> {
        let Holding::Authenticator { totp, key, last_step } = &entry.holding else { return None };
        let opened = self.open_authenticator(tenant_id, entry.id, key);
        if opened.is_none() {
            tracing::error!(security_info_id = %entry.id, "the pepper that an authenticator's key is under is gone");
        }
        let opened = opened?;
        let step = matching_step(*totp, &opened, typed, *last_step)?;
        let is_current = self.is_current_pepper(key);
        let resealed = (!is_current).then(|| self.seal_authenticator(entropy, tenant_id, entry.id, &opened));
        Some(HeldCode { entry: entry.id, kind: HeldCodeKind::Step { step, resealed } })
    }
}

/// The step whose code was typed. Every step that counts is compared, so the time tells nothing.
fn matching_step(
    totp: Totp,
    key: &[u8],
    (code, now): (&SecretString, Timestamp),
    last_step: Option<u64>,
) -> Option<u64> {
    let typed = canonical(code.expose_secret());
    let hash = match totp.hash {
        TotpHash::Sha1 => OtpHash::Sha1,
        TotpHash::Sha256 => OtpHash::Sha256,
        TotpHash::Sha512 => OtpHash::Sha512,
    };
    let is_typed = |step: u64| {
        let code = hotp(hash, key, step, totp.digits);
        same(code.expose_secret().as_bytes(), typed.expose_secret().as_bytes())
    };
    steps_at(now, last_step)
        .fold(None, |found, step| if is_typed(step) { found.or(Some(step)) } else { found })
}

fn authenticator_context(tenant_id: TenantId, entry: SecurityInfoId) -> Vec<u8> {
    [b"authenticator".as_slice(), tenant_id.as_uuid().as_bytes(), entry.as_uuid().as_bytes()].concat()
}

#[cfg(test)]
mod public_faults;
