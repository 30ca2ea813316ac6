//! An authenticator's codes, RFC 6238: their shape, which of them count at a moment, and the address that an app reads.
//!
//! A code stands for a step of 30 seconds. One step of drift to either side is taken, and no step twice nor one before a
//! step that was taken: whoever read a code over a shoulder has nothing once it was used.

use std::fmt::Write as _;

use rekey_primitives::clock::Timestamp;
use strum::{EnumString, IntoStaticStr};

/// Seconds of a step: the only ones that every app can do (RFC 6238 section 5.2).
pub(crate) const STEP_SECONDS: u64 = 30;

/// Steps of drift to either side: clocks of phones are right to a few seconds, and a code is typed in some more.
const DRIFT: u64 = 1;

/// The hash under an authenticator's MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, EnumString)]
#[strum(serialize_all = "UPPERCASE", const_into_str)]
pub(crate) enum TotpHash {
    /// What every app can do.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// The shape of an authenticator's codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Totp {
    /// The hash.
    pub hash: TotpHash,
    /// 6 or 8.
    pub digits: u8,
}

impl TotpHash {
    /// The name in an `otpauth://` address and in rows.
    pub(crate) const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// Reads the name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Bytes of a key: as many as the hash gives (RFC 6238 section 5.1), of which 160 bits are the least.
    pub(crate) const fn key_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

impl Totp {
    /// The address that an app reads, for a key in base 32: its account is shown as that of an issuer.
    pub(crate) fn otpauth_uri(self, key: &str, issuer: &str, account: &str) -> String {
        let (issuer, account) = (percent_encoded(issuer), percent_encoded(account));
        let (hash, digits) = (self.hash.as_str(), self.digits);
        format!(
            "otpauth://totp/{issuer}:{account}?secret={key}&issuer={issuer}&algorithm={hash}&digits={digits}\
             &period={STEP_SECONDS}"
        )
    }
}

/// The steps whose codes count at a moment, the likeliest first: none that was taken, and none before it.
pub(crate) fn steps_at(now: Timestamp, last_step: Option<u64>) -> impl Iterator<Item = u64> {
    let current = u64::try_from(now.unix_micros() / 1_000_000).unwrap_or(0) / STEP_SECONDS;
    let drifted = (1..=DRIFT).flat_map(move |drift| [current.checked_sub(drift), current.checked_add(drift)]);
    let is_new = move |step: &u64| last_step.is_none_or(|taken| *step > taken);
    std::iter::once(current).chain(drifted.flatten()).filter(is_new)
}

/// As in a URI (RFC 3986 section 2): everything but what is unreserved.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * 1_000_000)
    }

    #[test]
    fn one_step_of_drift_counts_to_either_side() {
        let steps: Vec<u64> = steps_at(at(300), None).collect();

        assert_eq!(steps, [10, 9, 11]);
    }

    #[test]
    fn no_step_counts_twice_nor_one_before_it() {
        assert_eq!(steps_at(at(300), Some(9)).collect::<Vec<_>>(), [10, 11]);
        assert_eq!(steps_at(at(300), Some(10)).collect::<Vec<_>>(), [11]);
        assert_eq!(steps_at(at(300), Some(11)).count(), 0);
        assert_eq!(steps_at(at(0), None).collect::<Vec<_>>(), [0, 1], "before the first step there is none");
    }

    #[test]
    fn an_address_says_what_an_app_needs() {
        let totp = Totp { hash: TotpHash::Sha256, digits: 8 };

        let uri = totp.otpauth_uri("GEZDGNBV", "Acme & Söhne", "ada@acme.example");

        assert_eq!(
            uri,
            "otpauth://totp/Acme%20%26%20S%C3%B6hne:ada%40acme.example?secret=GEZDGNBV\
             &issuer=Acme%20%26%20S%C3%B6hne&algorithm=SHA256&digits=8&period=30"
        );
    }

    #[test]
    fn a_key_has_at_least_160_bits() {
        let hashes = [TotpHash::Sha1, TotpHash::Sha256, TotpHash::Sha512];

        assert!(hashes.iter().all(|hash| hash.key_bytes() * 8 >= 160));
    }
}
