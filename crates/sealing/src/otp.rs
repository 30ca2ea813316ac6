//! One-time passwords that a device computes: HOTP (RFC 4226), which TOTP (RFC 6238) feeds with the time.

use rekey_primitives::secret::SecretString;
use ring::hmac;

/// The hash under the MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtpHash {
    /// Its collisions do not weaken HMAC (RFC 6238 section 1.2), and it is all that some apps can do.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// The code of a counter, `digits` (at most 9) decimal digits of it: RFC 4226 section 5.3.
pub fn hotp(hash: OtpHash, key: &[u8], counter: u64, digits: u8) -> SecretString {
    let algorithm = match hash {
        OtpHash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        OtpHash::Sha256 => hmac::HMAC_SHA256,
        OtpHash::Sha512 => hmac::HMAC_SHA512,
    };
    let tag = hmac::sign(&hmac::Key::new(algorithm, key), &counter.to_be_bytes());
    let tag = tag.as_ref();
    let offset = tag.last().map_or(0, |last| usize::from(last & 0xf));
    let word =
        tag.get(offset..offset + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_be_bytes);
    let digits = digits.min(9);
    let code = (word & 0x7fff_ffff) % 10_u32.pow(u32::from(digits));
    SecretString::from(format!("{code:0width$}", width = usize::from(digits)))
}

#[cfg(test)]
mod tests {
    use rekey_primitives::secret::ExposeSecret as _;

    use super::*;

    fn shown(hash: OtpHash, key: &[u8], counter: u64, digits: u8) -> String {
        hotp(hash, key, counter, digits).expose_secret().to_owned()
    }

    #[test]
    fn rfc_4226_appendix_d() {
        let codes: Vec<String> =
            (0..10).map(|counter| shown(OtpHash::Sha1, b"12345678901234567890", counter, 6)).collect();

        assert_eq!(
            codes,
            [
                "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
                "520489"
            ]
        );
    }

    #[test]
    fn rfc_6238_appendix_b() {
        let seed = b"12345678901234567890".repeat(4);
        let hashes = [(OtpHash::Sha1, 20), (OtpHash::Sha256, 32), (OtpHash::Sha512, 64)];
        let expected = [
            (59, ["94287082", "46119246", "90693936"]),
            (1_111_111_109, ["07081804", "68084774", "25091201"]),
            (1_111_111_111, ["14050471", "67062674", "99943326"]),
            (1_234_567_890, ["89005924", "91819424", "93441116"]),
            (2_000_000_000, ["69279037", "90698825", "38618901"]),
            (20_000_000_000_u64, ["65353130", "77737706", "47863826"]),
        ];

        for (seconds, codes) in expected {
            let computed = hashes.map(|(hash, length)| shown(hash, &seed[..length], seconds / 30, 8));
            assert_eq!(computed, codes, "{seconds}");
        }
    }
}
