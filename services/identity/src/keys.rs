//! The keys of identity and the values made with them: keyed hashes of logins and places, seeds of decoys, sealed
//! password hashes.
//!
//! Each kind of value has its own label, so a value made for one use is worth nothing in another.

mod held_codes;
mod passkeys;
mod webhooks;

pub(crate) use passkeys::CIPHERS;

use std::net::IpAddr;
use std::sync::Arc;

use rekey_primitives::entropy::{Entropy, SharedEntropy};
use rekey_primitives::id::{AccountId, TenantId};
use rekey_primitives::login::Login;
use rekey_primitives::network::place_network;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_primitives::text::is_invisible;
use rekey_sealing::{AeadKeys, KeyError, MacKeys, SigningKeys, codec};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::account::{Account, Sealed};
use crate::domain::audit::AccountHash;
use crate::domain::audit::commitment::{HashAccount, Sealer};
use crate::domain::lockout::Fingerprint;
use crate::domain::password::Password;
use crate::domain::reset::decoy::Seed;
use crate::store::sign_ins::{LoginKey, PassHash, PlaceKey};

/// The keys of identity.
pub(crate) struct Keys {
    /// Seals password hashes.
    pub pepper: AeadKeys,
    /// Signs access tokens.
    pub access_token: SigningKeys,
    /// Seals what travels or waits.
    pub tokens: AeadKeys,
    /// Makes decoys.
    pub decoy: MacKeys,
    /// Hashes logins.
    pub login_hash: MacKeys,
    /// Hashes places.
    pub familiar_place: MacKeys,
}

/// The texts of the key files.
#[derive(Clone, Copy)]
pub(crate) struct KeyTexts<'a> {
    /// Seals password hashes.
    pub pepper: &'a str,
    /// Signs access tokens.
    pub access_token: &'a str,
    /// Seals what travels or waits.
    pub tokens: &'a str,
    /// Makes decoys.
    pub decoy: &'a str,
    /// Hashes logins.
    pub login_hash: &'a str,
    /// Hashes places.
    pub familiar_place: &'a str,
}

/// A key text that does not read.
#[derive(Debug, thiserror::Error)]
#[error("the {which} keys do not read")]
pub(crate) struct BadKeys {
    which: &'static str,
    /// Why.
    #[source]
    source: KeyError,
}

/// What somebody typed as their login.
#[derive(Clone)]
pub(crate) struct TypedLogin {
    /// The login it is, if it is one.
    pub login: Option<Login>,
    raw: String,
}

impl Keys {
    /// Reads the texts of key files.
    pub(crate) fn read(texts: KeyTexts<'_>) -> Result<Self, BadKeys> {
        let bad = |which| move |source| BadKeys { which, source };
        Ok(Self {
            pepper: AeadKeys::from_text(texts.pepper).map_err(bad("pepper"))?,
            access_token: SigningKeys::from_text(texts.access_token).map_err(bad("access token"))?,
            tokens: AeadKeys::from_text(texts.tokens).map_err(bad("tokens"))?,
            decoy: MacKeys::only_from_text(texts.decoy).map_err(bad("decoy"))?,
            login_hash: MacKeys::only_from_text(texts.login_hash).map_err(bad("login hash"))?,
            familiar_place: MacKeys::only_from_text(texts.familiar_place).map_err(bad("familiar place"))?,
        })
    }

    /// Stands for a login in counters and the log. `login` is [`TypedLogin::name`].
    pub(crate) fn login_key(&self, tenant_id: TenantId, login: &str) -> LoginKey {
        self.login_hash.tag("login", &[tenant_id.as_uuid().as_bytes(), login.as_bytes()])
    }

    /// Stands for the login of an account, by whichever of its logins it is reached.
    pub(crate) fn login_key_of(&self, account: &Account) -> LoginKey {
        self.login_key(account.tenant_id, account.logins.first().map_or("", Login::as_str))
    }

    /// Stands for an account in the log, also when it is erased.
    pub(crate) fn account_hash(&self, tenant_id: TenantId, account_id: AccountId) -> AccountHash {
        let (tenant, account) = (tenant_id.as_uuid(), account_id.as_uuid());
        let tag = self.login_hash.tag("erased account", &[tenant.as_bytes(), account.as_bytes()]);
        // 128 bits: no two accounts of all tenants share one, and it takes the place of an id.
        AccountHash(*tag.first_chunk().expect("a tag of HMAC-SHA-256 has 32 bytes"))
    }

    /// What sealing takes of keys and chance.
    pub(crate) fn sealer(self: &Arc<Self>, entropy: &SharedEntropy) -> Sealer {
        let keys = Arc::clone(self);
        let hash: HashAccount =
            Arc::new(move |tenant_id, account_id| keys.account_hash(tenant_id, account_id));
        Sealer { entropy: Arc::clone(entropy), hash }
    }

    /// Stands for a place from which somebody uses a login.
    pub(crate) fn place_key(&self, login: &LoginKey, ip: IpAddr, user_agent_family: &str) -> PlaceKey {
        let network = place_network(ip).to_string();
        self.familiar_place.tag("place", &[login, network.as_bytes(), user_agent_family.as_bytes()])
    }

    /// What decoys of a login are made from.
    pub(crate) fn seed(&self, tenant_id: TenantId, login: &str) -> Seed {
        Seed::new(self.decoy.tag("decoy", &[tenant_id.as_uuid().as_bytes(), login.as_bytes()]))
    }

    /// Stands for a wrong password, to know a repeat by.
    pub(crate) fn fingerprint(&self, login: &LoginKey, password: &Password) -> Fingerprint {
        self.login_hash.tag("wrong password", &[login, password.expose().as_bytes()])
    }

    /// Stands for an access pass of an account, which is stored nowhere.
    pub(crate) fn pass_hash(&self, tenant_id: TenantId, account_id: AccountId, normal: &[u8]) -> PassHash {
        let (tenant, account) = (tenant_id.as_uuid(), account_id.as_uuid());
        self.login_hash.tag("access pass", &[tenant.as_bytes(), account.as_bytes(), normal])
    }

    /// Seals what travels or waits, bound to a context, in the suite's codec.
    pub(crate) fn seal_value<T: Serialize>(
        &self,
        entropy: &dyn Entropy,
        context: &[u8],
        version: u8,
        value: &T,
    ) -> Vec<u8> {
        self.tokens.seal(entropy, context, &codec::encode(version, value))
    }

    /// Opens it; `None` for anything that is none of ours.
    pub(crate) fn open_value<T: DeserializeOwned>(
        &self,
        context: &[u8],
        version: u8,
        sealed: &[u8],
    ) -> Option<T> {
        let plain = self.tokens.open(context, sealed).ok()?;
        match plain.first() {
            // Releases before the codec wrote JSON. The links in notices live for days and notices wait as long as
            // notification is away; this may go when that time has passed. No version is a brace.
            Some(b'{') => serde_json::from_slice(&plain).ok(),
            _ => codec::decode(version, &plain).ok(),
        }
    }

    /// Seals a PHC string for an account.
    pub(crate) fn seal_password(
        &self,
        entropy: &dyn Entropy,
        tenant_id: TenantId,
        account_id: AccountId,
        phc: &SecretString,
    ) -> Sealed {
        let context = password_context(tenant_id, account_id);
        Sealed::new(self.pepper.seal(entropy, &context, phc.expose_secret().as_bytes()))
    }

    /// Opens the PHC string of an account; `None` if its key is gone.
    pub(crate) fn open_password(
        &self,
        tenant_id: TenantId,
        account_id: AccountId,
        sealed: &Sealed,
    ) -> Option<SecretString> {
        let context = password_context(tenant_id, account_id);
        let plain = self.pepper.open(&context, sealed.as_bytes()).ok()?;
        Some(SecretString::from(std::str::from_utf8(&plain).ok()?))
    }

    /// Whether a hash is sealed by the pepper of today.
    pub(crate) fn is_current_pepper(&self, sealed: &Sealed) -> bool {
        self.pepper.is_current(sealed.as_bytes())
    }
}

fn password_context(tenant_id: TenantId, account_id: AccountId) -> Vec<u8> {
    [b"password".as_slice(), tenant_id.as_uuid().as_bytes(), account_id.as_uuid().as_bytes()].concat()
}

impl TypedLogin {
    /// Reads what was typed; what is no login at all is kept, since nobody has it and nobody may be told.
    pub(crate) fn read(text: &str) -> Self {
        let shown: String = text.chars().filter(|c| !is_invisible(*c)).collect();
        // No login begins with a space, so what is none shares a name with nobody.
        Self { login: Login::parse(text).ok(), raw: format!(" {}", shown.trim().to_lowercase()) }
    }

    /// The name that counters go by: the account's first login, so that aliases share one; what was typed otherwise.
    pub(crate) fn name<'a>(&'a self, account: Option<&'a Account>) -> &'a str {
        account
            .and_then(|account| account.logins.first())
            .or(self.login.as_ref())
            .map_or(self.raw.as_str(), Login::as_str)
    }

    /// A login for what needs one: what was typed, or its first plain letter.
    pub(crate) fn or_stand_in(&self) -> Login {
        let letter = self.raw.chars().find(char::is_ascii_alphanumeric).unwrap_or('x').to_string();
        self.login.clone().unwrap_or_else(|| {
            Login::parse(&letter).expect("one ASCII letter or digit is a login by RFC 8265 section 3.1")
        })
    }
}

impl std::fmt::Debug for TypedLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TypedLogin(..)")
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys")
            .field("pepper", &self.pepper)
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for KeyTexts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyTexts(..)")
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::clock::Timestamp;
    use rekey_primitives::entropy::SystemEntropy;
    use rekey_sealing::KeyText;

    use super::*;

    fn text() -> String {
        KeyText::generate(&SystemEntropy, Timestamp::EPOCH)
    }

    #[test]
    fn an_account_has_one_hash_in_each_tenant_and_no_login_has_it() {
        let one = text();
        let texts = KeyTexts {
            pepper: &one,
            access_token: &one,
            tokens: &one,
            decoy: &one,
            login_hash: &one,
            familiar_place: &one,
        };
        let keys = Keys::read(texts).unwrap();
        let [tenant, other] = [1, 2].map(|id| TenantId::from_uuid(uuid::Uuid::from_u128(id)));
        let account = AccountId::from_uuid(uuid::Uuid::from_u128(3));

        let hash = keys.account_hash(tenant, account);

        assert_eq!(hash, keys.account_hash(tenant, account));
        assert_ne!(hash, keys.account_hash(other, account));
        assert!(!keys.login_key(tenant, &account.to_string()).starts_with(&hash.0));
    }

    #[test]
    fn what_is_no_login_shares_a_name_with_none() {
        let name = |text: &str| TypedLogin::read(text).name(None).to_owned();

        assert_eq!(name(" ada "), name("ada"));
        assert_eq!(name("\u{202a}ada\u{202c} "), name("ada"));
        assert_eq!(name("Ada\u{200b} ada\u{200e}"), name("ada ada"));
        for odd in ["ada ada", "ad\u{0}a", "", "ada\u{2028}ada"] {
            let typed = TypedLogin::read(odd);
            assert!(typed.login.is_none(), "{odd:?}");
            assert!(Login::parse(typed.name(None)).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn a_kind_that_does_not_rotate_is_refused_once_a_second_key_stands_beside_it() {
        let (one, [id, material]) = (text(), ["other", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"]);
        let texts = KeyTexts {
            pepper: &one,
            access_token: &one,
            tokens: &one,
            decoy: &one,
            login_hash: &one,
            familiar_place: &one,
        };
        Keys::read(texts).unwrap();

        for state in ["accept", "retired"] {
            let rotated = format!("{one}\n{id} {state} {material}\n");
            let refused = [
                Keys::read(KeyTexts { decoy: &rotated, ..texts }),
                Keys::read(KeyTexts { login_hash: &rotated, ..texts }),
                Keys::read(KeyTexts { familiar_place: &rotated, ..texts }),
            ];

            let refused = refused.map(|keys| keys.err().map(|bad| (bad.which, bad.source)));
            let each = ["decoy", "login hash", "familiar place"];
            assert_eq!(refused, each.map(|which| Some((which, KeyError::NotAlone))));
            Keys::read(KeyTexts { pepper: &rotated, tokens: &rotated, ..texts }).unwrap();
        }
    }
}
