//! Access tokens as JWT (RFC 7519, RFC 9068): EdDSA only, `typ` is `at+jwt`, `kid` names the key.
//!
//! A token's header is never interpreted. It must be, byte for byte, the header we would write for
//! one of the known keys, so `alg: none`, a changed algorithm, `crit`, an embedded key or a second
//! spelling have no door to come through. Expiry, issuer and audience are in the claims and are
//! the caller's to judge: only it knows the time and who it is.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

use crate::keys::KeyId;
use crate::sign::{PublicKey, SigningKeys, Verifier};

/// Nothing we sign comes near it; what is longer is not worth a signature check.
const LONGEST: usize = 8 * 1024;

/// The token is not one of ours. It is not said what about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token signed by a known key")]
pub struct Invalid;

/// Signs claims, given as a JSON object, by the active key.
pub fn sign(keys: &SigningKeys, claims_json: &str) -> String {
    let (signed, signature) = keys.sign_under(|key| {
        let mut signed = header(key);
        signed.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(claims_json, &mut signed);
        signed
    });
    let mut token = signed;
    token.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    token
}

/// The claims, as JSON, of a token signed by one of `keys`. Time, issuer and audience are
/// unchecked.
pub fn verify(keys: &impl Verifier, token: &str) -> Result<String, Invalid> {
    if token.len() > LONGEST {
        return Err(Invalid);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Invalid)?;
    let (head, claims) = signed.split_once('.').ok_or(Invalid)?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| Invalid)?;
    if !keys.verify_by(&|key| header(key) == head, signed.as_bytes(), &signature) {
        return Err(Invalid);
    }
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).map_err(|_| Invalid)?;
    String::from_utf8(claims).map_err(|_| Invalid)
}

/// The public keys as a JWK set (RFC 7517, RFC 8037), for `/.well-known/jwks.json`.
pub fn key_set(keys: &[PublicKey]) -> String {
    let keys: Vec<String> = keys
        .iter()
        .map(|key| {
            let x = BASE64_URL_SAFE_NO_PAD.encode(key.bytes);
            format!(
                r#"{{"kty":"OKP","crv":"Ed25519","use":"sig","alg":"EdDSA","kid":"{}","x":"{x}"}}"#,
                key.id
            )
        })
        .collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

/// An id needs no quoting in JSON, see [`KeyId`].
fn header(key: &KeyId) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{key}"}}"#))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::PublicKeys;

    const ONE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const TWO: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    const CLAIMS: &str = r#"{"sub":"anna","exp":1}"#;

    fn signer(text: &str) -> SigningKeys {
        SigningKeys::from_text(text).unwrap()
    }

    fn known() -> PublicKeys {
        signer(&format!("one active {ONE}")).public_keys().into()
    }

    /// Signed with the right key, under whatever header.
    fn under(header: &str) -> String {
        let signed =
            format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(CLAIMS));
        let (_, signature) = signer(&format!("one active {ONE}")).sign(signed.as_bytes());
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn a_token_gives_back_its_claims() {
        let token = sign(&signer(&format!("one active {ONE}")), CLAIMS);

        assert_eq!(verify(&known(), &token).as_deref(), Ok(CLAIMS));
        assert_eq!(token, under(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"one"}"#));
    }

    #[test]
    fn no_other_header_is_taken_even_if_the_right_key_signed_it() {
        for header in [
            r#"{"alg":"none","typ":"at+jwt","kid":"one"}"#,
            r#"{"alg":"HS256","typ":"at+jwt","kid":"one"}"#,
            r#"{"alg":"EdDSA","typ":"JWT","kid":"one"}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt"}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"two"}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"one","crit":["exp"]}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"one","jku":"https://example.com"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":"one"}"#,
        ] {
            assert_eq!(verify(&known(), &under(header)), Err(Invalid), "{header}");
        }
    }

    #[test]
    fn a_stranger_with_the_right_kid_is_refused() {
        let forged = sign(&signer(&format!("one active {TWO}")), CLAIMS);

        assert_eq!(verify(&known(), &forged), Err(Invalid));
        assert_eq!(verify(&PublicKeys::default(), &forged), Err(Invalid));
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let token = sign(&signer(&format!("one active {ONE}")), CLAIMS);

        for place in 0..token.len() {
            let other = if token.as_bytes()[place] == b'A' { "B" } else { "A" };
            let mut changed = token.clone();
            changed.replace_range(place..=place, other);

            assert_eq!(verify(&known(), &changed), Err(Invalid), "character {place}");
        }
    }

    #[test]
    fn pieces_of_a_token_are_no_token() {
        let token = sign(&signer(&format!("one active {ONE}")), CLAIMS);
        let (signed, _) = token.rsplit_once('.').unwrap();

        for wrong in
            ["", ".", "..", "...", signed, &format!("{signed}."), &format!("{token}="), &format!("{token}.x")]
        {
            assert_eq!(verify(&known(), wrong), Err(Invalid), "{wrong}");
        }
        assert_eq!(verify(&known(), &"a".repeat(LONGEST + 1)), Err(Invalid));
    }

    #[test]
    fn tokens_outlive_the_activity_of_their_key_until_it_is_removed() {
        let token = sign(&signer(&format!("one active {ONE}")), CLAIMS);
        let rotated = signer(&format!("one retired {ONE}\ntwo active {TWO}"));
        let removed = PublicKeys::from(signer(&format!("two active {TWO}")).public_keys());

        assert_eq!(verify(&rotated, &token).as_deref(), Ok(CLAIMS));
        assert_eq!(verify(&removed, &token), Err(Invalid));
    }

    #[test]
    fn the_key_set_is_the_one_of_rfc_8037() {
        let keys = signer("k active nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").public_keys();

        assert_eq!(
            key_set(&keys),
            r#"{"keys":[{"kty":"OKP","crv":"Ed25519","use":"sig","alg":"EdDSA","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#
        );
    }
}
