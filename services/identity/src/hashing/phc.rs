//! PHC strings: reading those that were stored, writing new ones.
//!
//! A stored string names its own cost, and it may have been imported, so it is a stranger's word on how much
//! work to do: [`Limits`] bound it before any memory is touched. Only Argon2 is read here; the hashes of other products
//! are `imported`'s.

use argon2::{Algorithm, Argon2, Params, Version};
use password_hash::phc::{Ident, Output, ParamsString, PasswordHash, Salt};
use rekey_primitives::secret::same;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// Bytes of a new salt: RFC 9106 section 4.
pub(super) const SALT_BYTES: usize = 16;

/// Bytes of a new tag: RFC 9106 section 4.
pub(super) const TAG_BYTES: usize = 32;

/// What a new hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes; one, since each hash has one thread.
    pub lanes: u32,
}

impl Default for Cost {
    /// The floor of ASVS 5.0 appendix C and of OWASP: the middle one of three settings that count as equal.
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

/// The most that a stored hash may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
    /// Memory in KiB times passes, which is what time goes by.
    pub work: u64,
    /// The cost of an imported bcrypt; each step doubles the time.
    pub bcrypt_cost: u32,
    /// The memory in KiB of an imported scrypt times its `p`, which is what time goes by.
    pub scrypt_work: u64,
    /// The rounds of an imported PBKDF2 times the blocks of its tag.
    pub pbkdf2_rounds: u64,
}

impl Default for Limits {
    /// 256 MiB holds every recommendation but the 2 GiB of RFC 9106; 1 GiB of work is about a second, and so are bcrypt at 14,
    /// 512 MiB of scrypt and two million rounds of PBKDF2. What OWASP recommends of each takes a third of it or less.
    fn default() -> Self {
        Self {
            memory_kib: 262_144,
            passes: 16,
            lanes: 16,
            work: 1_048_576,
            bcrypt_cost: 14,
            scrypt_work: 524_288,
            pbkdf2_rounds: 2_000_000,
        }
    }
}

/// Why a stored string is not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not a hash string, or one without a salt or tag.
    #[error("not a complete hash string")]
    Malformed,
    /// A scheme that is not known here.
    #[error("scheme is not known here")]
    OtherScheme,
    /// It asks for more work than is allowed.
    #[error("cost is above the limits")]
    TooCostly,
}

/// A hash that is stored or about to be.
pub(super) struct Stored {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    tag: Option<Output>,
}

impl Cost {
    /// The same in Argon2's words.
    pub(super) fn params(self) -> Result<Params, argon2::Error> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(TAG_BYTES))
    }
}

impl Stored {
    /// A hash about to be made.
    pub(super) fn new(cost: Cost, salt: [u8; SALT_BYTES]) -> Result<Self, argon2::Error> {
        Ok(Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: cost.params()?,
            salt: Salt::new(&salt).map_err(|_| argon2::Error::SaltTooLong)?,
            tag: None,
        })
    }

    /// Reads a stored string.
    pub(super) fn parse(phc: &SecretString, limits: &Limits) -> Result<Self, Unreadable> {
        let read = PasswordHash::new(phc.expose_secret()).map_err(|_| Unreadable::Malformed)?;
        let algorithm = Algorithm::new(read.algorithm.as_str()).map_err(|_| Unreadable::OtherScheme)?;
        let version = read.version.map_or(Ok(Version::V0x10), Version::try_from);
        let (memory, passes, lanes) = (decimal(&read, "m")?, decimal(&read, "t")?, decimal(&read, "p")?);
        let is_bounded = memory <= limits.memory_kib
            && passes <= limits.passes
            && lanes <= limits.lanes
            && u64::from(memory) * u64::from(passes) <= limits.work;
        if !is_bounded {
            return Err(Unreadable::TooCostly);
        }
        Ok(Self {
            algorithm,
            version: version.map_err(|_| Unreadable::Malformed)?,
            params: Params::try_from(&read).map_err(|_| Unreadable::Malformed)?,
            salt: read.salt.ok_or(Unreadable::Malformed)?,
            tag: Some(read.hash.ok_or(Unreadable::Malformed)?),
        })
    }

    /// Whether it was made otherwise than new ones are.
    pub(super) fn is_outdated(&self, cost: Cost) -> bool {
        let (params, tag_bytes) = (&self.params, self.tag.map_or(TAG_BYTES, |tag| tag.len()));
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || (params.m_cost(), params.t_cost(), params.p_cost())
                != (cost.memory_kib, cost.passes, cost.lanes)
            || self.salt.len() < SALT_BYTES
            || tag_bytes < TAG_BYTES
    }

    /// Argon2 set up to make its tag.
    pub(super) fn argon2(&self) -> Argon2<'static> {
        Argon2::new(self.algorithm, self.version, self.params.clone())
    }

    /// The salt.
    pub(super) fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// How long its tag is.
    pub(super) fn tag_bytes(&self) -> usize {
        self.tag.map_or(TAG_BYTES, |tag| tag.len())
    }

    /// Whether a tag is the one stored, in constant time.
    pub(super) fn is_tag(&self, tag: &[u8]) -> bool {
        self.tag.is_some_and(|stored| same(stored.as_bytes(), tag))
    }

    /// The string to store.
    pub(super) fn with_tag(&self, tag: &[u8]) -> Result<SecretString, Unreadable> {
        let written = PasswordHash {
            algorithm: Ident::new(self.algorithm.as_str()).map_err(|_| Unreadable::Malformed)?,
            version: Some(self.version.into()),
            params: ParamsString::try_from(&self.params).map_err(|_| Unreadable::Malformed)?,
            salt: Some(self.salt),
            hash: Some(Output::new(tag).map_err(|_| Unreadable::Malformed)?),
        };
        Ok(SecretString::from(written.to_string()))
    }
}

/// A parameter that Argon2 strings must name; the library would fill in its own default.
fn decimal(read: &PasswordHash, name: &str) -> Result<u32, Unreadable> {
    read.params.get_decimal(name).ok_or(Unreadable::Malformed)
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(phc: &str) -> Result<Stored, Unreadable> {
        Stored::parse(&SecretString::from(phc), &Limits::default())
    }

    const TAIL: &str = "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn a_new_hash_reads_back_and_is_up_to_date() {
        let made = Stored::new(Cost::default(), [7; 16]).unwrap().with_tag(&[9; 32]).unwrap();

        let read = Stored::parse(&made, &Limits::default()).unwrap();

        assert!(made.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(read.is_tag(&[9; 32]));
        assert!(!read.is_tag(&[8; 32]));
        assert!(!read.is_outdated(Cost::default()));
    }

    #[test]
    fn anything_made_otherwise_is_outdated() {
        let short = "AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA";
        for head in [
            "$argon2id$v=19$m=19456,t=3,p=1$",
            "$argon2i$v=19$m=19456,t=2,p=1$",
            "$argon2id$m=19456,t=2,p=1$",
        ] {
            assert!(parse(&format!("{head}{TAIL}")).unwrap().is_outdated(Cost::default()), "{head}");
        }
        assert!(
            parse(&format!("$argon2id$v=19$m=19456,t=2,p=1${short}")).unwrap().is_outdated(Cost::default())
        );
    }

    #[test]
    fn a_strangers_cost_is_bounded_before_it_is_paid() {
        for cost in
            ["m=4294967295,t=1,p=1", "m=262145,t=1,p=1", "m=8,t=17,p=1", "m=200,t=1,p=17", "m=262144,t=5,p=1"]
        {
            let refused = parse(&format!("$argon2id$v=19${cost}${TAIL}")).err();

            assert_eq!(refused, Some(Unreadable::TooCostly), "{cost}");
        }
    }

    #[test]
    fn other_schemes_and_broken_strings_are_told_apart() {
        assert_eq!(parse(&format!("$scrypt$ln=16,r=8,p=1${TAIL}")).err(), Some(Unreadable::OtherScheme));
        for broken in
            ["", "argon2id", "$argon2id$v=19$m=19456,t=2,p=1", &format!("$argon2id$v=19$m=19456${TAIL}")]
        {
            assert_eq!(parse(broken).err(), Some(Unreadable::Malformed), "{broken}");
        }
    }
}
