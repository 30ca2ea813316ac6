//! Codes from an authenticator: RFC 6238 over RFC 4226, without the MAC.
//!
//! Which steps a code may stand for and how a MAC becomes digits are decided here; the MAC itself is
//! `sealing`'s. A step is taken once, and never one at or before the last taken.

use rekey_primitives::clock::Timestamp;

/// Seconds of one step, RFC 6238 section 5.2: the default every app assumes.
pub const STEP_SECONDS: u64 = 30;

/// The hash under an authenticator's MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TotpHash {
    /// What every app can do.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// The shape of an authenticator's codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Totp {
    /// The hash.
    pub hash: TotpHash,
    /// 6 or 8.
    pub digits: u8,
}

impl TotpHash {
    /// The name in an `otpauth://` address and in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Sha1, Self::Sha256, Self::Sha512].into_iter().find(|hash| hash.as_str() == name)
    }

    /// Bytes of a new key: as many as the hash gives, RFC 6238 section 5.1.
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

impl Totp {
    /// The shape of new authenticators: what every app supports without asking.
    pub const USUAL: Self = Self { hash: TotpHash::Sha1, digits: 6 };

    /// The digits that a MAC over a step shows, RFC 4226 section 5.3.
    pub fn digits_of(self, mac: &[u8]) -> Option<String> {
        let start = usize::from(mac.last()? & 0x0f);
        let four: [u8; 4] = mac.get(start..start + 4)?.try_into().ok()?;
        let number = u32::from_be_bytes(four) & 0x7fff_ffff;
        let width = usize::from(self.digits);
        Some(format!("{:0width$}", number % 10u32.pow(u32::from(self.digits))))
    }
}

/// The steps whose code may be taken at `now`: the current one and one to each side for drifting clocks,
/// without those at or before the last one taken. The nearest comes first.
pub fn open_steps(now: Timestamp, last_step: Option<u64>) -> Vec<u64> {
    let step = u64::try_from(now.unix_seconds()).unwrap_or(0) / STEP_SECONDS;
    [step, step.saturating_sub(1), step + 1]
        .into_iter()
        .filter(|candidate| last_step.is_none_or(|last| *candidate > last))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_becomes_the_digits_of_the_standard() {
        // RFC 4226 appendix D, count 0: HMAC cc93cf18...0b04, HOTP 755224.
        let mac: Vec<u8> = (0..20)
            .map(|at| {
                u8::from_str_radix(&"cc93cf18508d94934c64b65d8ba7667fb7cde4b0"[2 * at..2 * at + 2], 16)
                    .unwrap()
            })
            .collect();

        assert_eq!(Totp::USUAL.digits_of(&mac).as_deref(), Some("755224"));
        assert_eq!(Totp { digits: 8, ..Totp::USUAL }.digits_of(&mac).as_deref(), Some("84755224"));
        assert_eq!(Totp::USUAL.digits_of(&[]), None);
    }

    #[test]
    fn one_step_of_drift_is_taken_to_either_side() {
        let now = Timestamp::from_unix_micros(1_000 * 30 * 1_000_000);

        assert_eq!(open_steps(now, None), [1_000, 999, 1_001]);
    }

    #[test]
    fn a_code_that_was_taken_is_dead() {
        let now = Timestamp::from_unix_micros(1_000 * 30 * 1_000_000);

        assert_eq!(open_steps(now, Some(1_000)), [1_001]);
        assert_eq!(open_steps(now, Some(999)), [1_000, 1_001]);
    }
}
