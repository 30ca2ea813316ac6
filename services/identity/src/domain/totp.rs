//! The shape of an authenticator's codes, RFC 6238: which hash, how many digits.

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
}

impl Totp {
    /// The shape of new authenticators: what every app supports without asking.
    pub const USUAL: Self = Self { hash: TotpHash::Sha1, digits: 6 };
}
