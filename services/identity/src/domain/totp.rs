//! The shape of an authenticator's codes, RFC 6238: which hash, how many digits.

use strum::{EnumString, IntoStaticStr};

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
}
