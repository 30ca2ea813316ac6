//! People who have an authenticator, or codes on paper.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::SecurityInfoId;
use rekey_primitives::secret::SecretString;
use rekey_sealing::{OtpHash, hotp};

use super::world::START;
use super::{World, confirmed};
use crate::domain::account::Account;
use crate::domain::recovery_codes::draw;
use crate::domain::security_info::{Holding, SecurityInfo};
use crate::domain::totp::{STEP_SECONDS, Totp, TotpHash};
use crate::store::accounts::AccountChange;

/// An authenticator as its person holds it: SHA-1 and 6 digits.
pub(crate) struct Authenticator {
    key: Vec<u8>,
}

impl Authenticator {
    pub(crate) fn of_key(key: Vec<u8>) -> Self {
        Self { key }
    }

    /// What it shows.
    pub(crate) fn code(&self, now: Timestamp) -> SecretString {
        let step = u64::try_from(now.unix_micros() / 1_000_000).unwrap() / STEP_SECONDS;
        hotp(OtpHash::Sha1, &self.key, step, 6)
    }
}

impl World {
    /// A person with an authenticator, registered long ago.
    pub(crate) async fn person_with_authenticator(
        &self,
        login: &str,
        addresses: &[&str],
        adapt: impl FnOnce(&mut Account),
    ) -> (Account, Authenticator) {
        let key = vec![7; TotpHash::Sha1.key_bytes()];
        let (parts, tenant_id) = (&self.parts, self.tenant.id);
        let id = SecurityInfoId::generate(&*parts.entropy, START);
        let totp = Totp { hash: TotpHash::Sha1, digits: 6 };
        let sealed = parts.keys.seal_authenticator(&*parts.entropy, tenant_id, id, &key);
        let holding = Holding::Authenticator { totp, key: sealed, last_step: None };
        let entry = SecurityInfo { is_first: true, ..confirmed(id, holding, START) };
        let account = self.person_with(login, addresses, |account| {
            account.security_info.push(entry);
            adapt(account);
        });
        (account.await, Authenticator::of_key(key))
    }

    /// Gives somebody an authenticator that counts at once.
    pub(crate) async fn authenticator(&self, account: &Account) -> Authenticator {
        let key = vec![7; TotpHash::Sha1.key_bytes()];
        let parts = &self.parts;
        let id = SecurityInfoId::generate(&*parts.entropy, START);
        let totp = Totp { hash: TotpHash::Sha1, digits: 6 };
        let sealed = parts.keys.seal_authenticator(&*parts.entropy, self.tenant.id, id, &key);
        let holding = Holding::Authenticator { totp, key: sealed, last_step: None };
        let entry = SecurityInfo { is_first: true, is_default: false, ..confirmed(id, holding, START) };
        self.change(account, AccountChange::AddSecurityInfo(entry)).await;
        Authenticator::of_key(key)
    }

    /// Gives somebody two recovery codes that count at once.
    pub(crate) async fn recovery_codes(&self, account: &Account) -> [SecretString; 2] {
        let (parts, account_id) = (&self.parts, account.id);
        let codes = [(); 2].map(|()| draw(&*parts.entropy));
        let hashes = codes
            .iter()
            .map(|code| parts.keys.recovery_code_hash(self.tenant.id, account_id, code))
            .collect();
        let id = SecurityInfoId::generate(&*parts.entropy, START);
        let held = confirmed(id, Holding::RecoveryCodes { remaining: 2 }, START);
        let entry = SecurityInfo { is_first: true, ..held };
        self.change(account, AccountChange::ReplaceRecoveryCodes { entry, hashes }).await;
        codes
    }
}
