//! The strings of imported hashes, read strictly:
//!
//! ```text
//! $2b$12$<22 of salt><31 of tag>                     bcrypt, also $2a$ and $2y$
//! $scrypt$ln=17,r=8,p=1$<salt>$<tag>                 scrypt; Kratos writes N itself instead of its logarithm
//! $pbkdf2-sha256$i=600000,l=32$<salt>$<tag>          PBKDF2 by PHC; `l` may be missing
//! $pbkdf2-sha256$600000$<salt>$<tag>                 PBKDF2 by passlib; $pbkdf2$ is of SHA-1
//! pbkdf2_sha256$600000$<salt as it is>$<tag>         PBKDF2 by Django
//! $firescrypt$ln=14,r=8,p=1$<salt>$<tag>$<separator>$<signer key>   the scrypt of Firebase
//! ```
//!
//! Salts and tags are Base64, padded or not, of the usual alphabet or of passlib's, which has a point for the plus.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::{BCRYPT_TAG_BYTES, Digest, Imported, Scheme, ScryptCost};
use crate::hashing::phc::{Limits, Unreadable};

/// The shortest tag: 128 bits. A shorter one would be guessed sooner than a password.
const TAG_BYTES_MIN: usize = 16;

/// The longest tag of any product, that of PBKDF2 at Keycloak, twice.
const TAG_BYTES_MAX: usize = 128;

/// The shortest salt: NIST SP 800-63B-4, section 3.1.1.2, asks for 32 bits.
const SALT_BYTES_MIN: usize = 4;

/// The longest salt: many times that of any product.
const SALT_BYTES_MAX: usize = 128;

/// The lowest cost of bcrypt by its definition.
const BCRYPT_COST_MIN: u32 = 4;

/// Larger values of `ln` are N itself, as Kratos writes it.
const LOG_N_MAX: u64 = 63;

/// Bytes of the signer key of a Firebase project, and so of its hashes.
const SIGNER_KEY_BYTES: usize = 64;

/// Bits that do not fill a byte are left over by most libraries of bcrypt, and mean nothing.
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn read(text: &str, limits: &Limits) -> Result<Imported, Unreadable> {
    let mut parts = text.split('$');
    let (first, rest): (_, Vec<&str>) = (parts.next().unwrap_or_default(), parts.collect());
    match (first, rest.as_slice()) {
        ("", ["2a" | "2b" | "2y", cost, tail]) => bcrypt(cost, tail, limits),
        ("", ["scrypt", cost, salt, tag]) => scrypt(cost, salt, tag, limits),
        ("", ["firescrypt", cost, salt, tag, separator, key]) => {
            firebase(cost, [salt, separator], tag, key).and_then(|firebase| firebase.within(limits))
        }
        ("", [name, cost, salt, tag]) if let Some(digest) = digest_of_phc(name) => {
            let (rounds, length) = rounds_of_phc(cost)?;
            let tag = base64(tag)?;
            let fits = length.is_none_or(|length| length == tag.len());
            if fits { pbkdf2(digest, rounds, base64(salt)?, tag, limits) } else { Err(Unreadable::Malformed) }
        }
        (name, [rounds, salt, tag]) if let Some(digest) = digest_of_django(name) => {
            pbkdf2(digest, decimal(rounds)?, salt.as_bytes().to_vec(), base64(tag)?, limits)
        }
        _ => Err(if is_of_a_scheme(text) { Unreadable::OtherScheme } else { Unreadable::Malformed }),
    }
}

/// Whether a text names a scheme at all, though none of ours.
fn is_of_a_scheme(text: &str) -> bool {
    let name = text.strip_prefix('$').unwrap_or(text).split('$').next().unwrap_or_default();
    let known = ["2a", "2b", "2y", "scrypt", "firescrypt"].contains(&name)
        || digest_of_phc(name).is_some()
        || digest_of_django(name).is_some();
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !known && text.contains('$') && !name.is_empty() && name.chars().all(is_word)
}

fn bcrypt(cost: &str, tail: &str, limits: &Limits) -> Result<Imported, Unreadable> {
    let (salt, tag) = tail.split_at_checked(22).ok_or(Unreadable::Malformed)?;
    let read = |text| BCRYPT_BASE64.decode(text).map_err(|_| Unreadable::Malformed);
    let (salt, tag) = (read(salt)?, read(tag)?);
    let cost = if cost.len() == 2 { decimal(cost)? } else { return Err(Unreadable::Malformed) };
    if salt.len() != 16 || tag.len() != BCRYPT_TAG_BYTES || cost < BCRYPT_COST_MIN {
        return Err(Unreadable::Malformed);
    }
    if cost > limits.bcrypt_cost {
        return Err(Unreadable::TooCostly);
    }
    Ok(Imported { scheme: Scheme::Bcrypt { cost }, salt, tag })
}

fn scrypt(cost: &str, salt: &str, tag: &str, limits: &Limits) -> Result<Imported, Unreadable> {
    let params = scrypt_cost(cost, true)?.within(limits)?;
    Ok(Imported {
        scheme: Scheme::Scrypt(params),
        salt: bounded(base64(salt)?, SALT_BYTES_MIN, SALT_BYTES_MAX)?,
        tag: bounded(base64(tag)?, TAG_BYTES_MIN, TAG_BYTES_MAX)?,
    })
}

/// A hash of Firebase whose cost was not judged yet.
struct Unbounded {
    cost: ScryptCost,
    salt: Vec<u8>,
    tag: Vec<u8>,
    signer_key: Zeroizing<Vec<u8>>,
}

fn firebase(cost: &str, salt: [&str; 2], tag: &str, key: &str) -> Result<Unbounded, Unreadable> {
    let salt = [base64(salt[0])?, base64(salt[1])?].concat();
    Ok(Unbounded {
        cost: scrypt_cost(cost, false)?,
        salt: bounded(salt, SALT_BYTES_MIN, SALT_BYTES_MAX)?,
        tag: bounded(base64(tag)?, SIGNER_KEY_BYTES, SIGNER_KEY_BYTES)?,
        signer_key: Zeroizing::new(bounded(base64(key)?, SIGNER_KEY_BYTES, SIGNER_KEY_BYTES)?),
    })
}

impl Unbounded {
    fn within(self, limits: &Limits) -> Result<Imported, Unreadable> {
        let Self { cost, salt, tag, signer_key } = self;
        let params = cost.within(limits)?;
        Ok(Imported { scheme: Scheme::Firebase { params, signer_key }, salt, tag })
    }
}

fn pbkdf2(
    digest: Digest,
    rounds: u32,
    salt: Vec<u8>,
    tag: Vec<u8>,
    limits: &Limits,
) -> Result<Imported, Unreadable> {
    let salt = bounded(salt, SALT_BYTES_MIN, SALT_BYTES_MAX)?;
    let tag = bounded(tag, TAG_BYTES_MIN, TAG_BYTES_MAX)?;
    if rounds == 0 {
        return Err(Unreadable::Malformed);
    }
    // Every block of the tag takes all rounds again.
    let work = u64::from(rounds) * tag.len().div_ceil(digest.bytes()) as u64;
    if work > limits.pbkdf2_rounds {
        return Err(Unreadable::TooCostly);
    }
    Ok(Imported { scheme: Scheme::Pbkdf2 { digest, rounds }, salt, tag })
}

fn digest_of_phc(name: &str) -> Option<Digest> {
    Some(match name {
        "pbkdf2" | "pbkdf2-sha1" => Digest::Sha1,
        "pbkdf2-sha256" => Digest::Sha256,
        "pbkdf2-sha512" => Digest::Sha512,
        _ => return None,
    })
}

fn digest_of_django(name: &str) -> Option<Digest> {
    Some(match name {
        "pbkdf2_sha1" => Digest::Sha1,
        "pbkdf2_sha256" => Digest::Sha256,
        "pbkdf2_sha512" => Digest::Sha512,
        _ => return None,
    })
}

/// The rounds, and how long the tag is said to be.
fn rounds_of_phc(text: &str) -> Result<(u32, Option<usize>), Unreadable> {
    let Some(named) = text.strip_prefix("i=") else { return Ok((decimal(text)?, None)) };
    match named.split_once(",l=") {
        Some((rounds, length)) => Ok((decimal(rounds)?, Some(decimal(length)?))),
        None => Ok((decimal(named)?, None)),
    }
}

/// `may_be_n`: whether a large `ln` is N itself.
fn scrypt_cost(text: &str, may_be_n: bool) -> Result<ScryptCost, Unreadable> {
    let named: Vec<&str> = text.split(',').collect();
    let [ln, r, p] = named.as_slice() else { return Err(Unreadable::Malformed) };
    let value =
        |text: &str, name: &str| text.strip_prefix(name).ok_or(Unreadable::Malformed).map(str::to_owned);
    let ln: u64 = decimal(&value(ln, "ln=")?)?;
    let log_n = match ln {
        ..=LOG_N_MAX => ln,
        n if may_be_n && n.is_power_of_two() => n.trailing_zeros().into(),
        _ => return Err(Unreadable::Malformed),
    };
    let log_n = u8::try_from(log_n).map_err(|_| Unreadable::Malformed)?;
    Ok(ScryptCost { log_n, r: decimal(&value(r, "r=")?)?, p: decimal(&value(p, "p=")?)? })
}

/// A number in decimal digits and nothing else.
fn decimal<T: std::str::FromStr>(text: &str) -> Result<T, Unreadable> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().ok_or(Unreadable::Malformed)
}

fn base64(text: &str) -> Result<Vec<u8>, Unreadable> {
    BASE64.decode(text.replace('.', "+")).map_err(|_| Unreadable::Malformed)
}

fn bounded(bytes: Vec<u8>, least: usize, most: usize) -> Result<Vec<u8>, Unreadable> {
    if (least..=most).contains(&bytes.len()) { Ok(bytes) } else { Err(Unreadable::Malformed) }
}
