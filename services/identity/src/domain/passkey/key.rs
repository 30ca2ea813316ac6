//! Public keys of authenticators as `COSE_Key` (RFC 9052 section 7, RFC 9053, RFC 8230): the three kinds that are asked for.

use ciborium::Value;

use super::PasskeyRefused;

/// The algorithms that are asked for, by their numbers, the best first: what phones and security keys make, what some newer
/// ones make, and what the TPMs of older Windows machines make.
pub(crate) const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];

const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// Labels of `COSE_Key`: the kind of key and its algorithm, then what depends on the kind.
const KIND: i64 = 1;
const ALGORITHM: i64 = 3;
const CURVE_OR_MODULUS: i64 = -1;
const X_OR_EXPONENT: i64 = -2;
const Y: i64 = -3;

/// Kinds of keys (RFC 9053 section 7, RFC 8230 section 4) and the two curves.
const OKP: i64 = 1;
const EC2: i64 = 2;
const RSA: i64 = 3;
const P256: i64 = 1;
const ED25519: i64 = 6;

/// A public key, of one of the kinds that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// A point of P-256, uncompressed (SEC 1).
    Es256([u8; 65]),
    /// A point of Ed25519.
    Ed25519([u8; 32]),
    /// RSA, both numbers big-endian.
    Rs256 { modulus: Vec<u8>, exponent: Vec<u8> },
}

impl PublicKey {
    /// Reads a key off the front (7.1 step 20: one of the kinds that were asked for).
    pub(super) fn read(bytes: &mut &[u8]) -> Result<Self, PasskeyRefused> {
        let map: Value = ciborium::from_reader(bytes).map_err(|_| PasskeyRefused::AuthenticatorData)?;
        let map = map.as_map().ok_or(PasskeyRefused::AuthenticatorData)?;
        Self::of_map(map).ok_or(PasskeyRefused::Algorithm)
    }

    /// Reads a key that was stored as it came.
    pub(super) fn stored(bytes: &[u8]) -> Result<Self, PasskeyRefused> {
        let mut rest = bytes;
        Self::read(&mut rest)
    }

    /// Its algorithm, by number.
    pub(super) const fn algorithm(&self) -> i64 {
        match self {
            Self::Es256(_) => ES256,
            Self::Ed25519(_) => EDDSA,
            Self::Rs256 { .. } => RS256,
        }
    }

    fn of_map(map: &[(Value, Value)]) -> Option<Self> {
        let number = |label: i64| i64::try_from(labelled(map, label)?.as_integer()?).ok();
        let bytes = |label: i64| labelled(map, label)?.as_bytes().map(Vec::as_slice);
        match (number(KIND)?, number(ALGORITHM)?) {
            (EC2, ES256) if number(CURVE_OR_MODULUS)? == P256 => {
                let (x, y): (&[u8; 32], &[u8; 32]) =
                    (bytes(X_OR_EXPONENT)?.try_into().ok()?, bytes(Y)?.try_into().ok()?);
                let mut point = [4; 65];
                point[1..33].copy_from_slice(x);
                point[33..].copy_from_slice(y);
                Some(Self::Es256(point))
            }
            (OKP, EDDSA) if number(CURVE_OR_MODULUS)? == ED25519 => {
                Some(Self::Ed25519(bytes(X_OR_EXPONENT)?.try_into().ok()?))
            }
            (RSA, RS256) => Some(Self::Rs256 {
                modulus: bytes(CURVE_OR_MODULUS)?.to_vec(),
                exponent: bytes(X_OR_EXPONENT)?.to_vec(),
            }),
            _ => None,
        }
    }
}

fn labelled(map: &[(Value, Value)], label: i64) -> Option<&Value> {
    map.iter().find(|(key, _)| *key == Value::from(label)).map(|(_, value)| value)
}

/// Takes a map off the front.
pub(super) fn skip_map(bytes: &mut &[u8]) -> Option<()> {
    let skipped: Value = ciborium::from_reader(bytes).ok()?;
    skipped.is_map().then_some(())
}
