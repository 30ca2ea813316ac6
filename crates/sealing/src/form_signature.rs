//! Signatures of forms that gateways post to a URL: HMAC-SHA-1 by a token that both sides share, as `X-Twilio-Signature` has it.
//!
//! <https://www.twilio.com/docs/usage/security#validating-requests>. SHA-1 is the gateway's choice; what is known against it
//! is about collisions and does not help to forge an HMAC (RFC 6194, 3.3).

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ring::hmac;

/// Whether `signature` is that of this form, posted to this URL, by whoever has the token. Takes equally long whatever differs.
/// The URL is the one that the gateway was given, with its query; names and values are decoded.
#[must_use]
pub fn is_signed_form(token: &str, url: &str, form: &[(String, String)], signature: &str) -> bool {
    let Ok(signature) = BASE64_STANDARD.decode(signature) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    hmac::verify(&key, signed(url, form).as_bytes(), &signature).is_ok()
}

/// The signature of a form, as a gateway makes it.
#[must_use]
pub fn sign_form(token: &str, url: &str, form: &[(String, String)]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    BASE64_STANDARD.encode(hmac::sign(&key, signed(url, form).as_bytes()))
}

/// The URL, and behind it every name with its value, in the order of the names.
fn signed(url: &str, form: &[(String, String)]) -> String {
    let mut form: Vec<_> = form.iter().collect();
    form.sort();
    let mut text = url.to_owned();
    for (name, value) in form {
        text.push_str(name);
        text.push_str(value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://example.com/myapp.php?foo=1&bar=2";
    const TOKEN: &str = "12345";

    fn form() -> Vec<(String, String)> {
        [
            ("Digits", "1234"),
            ("To", "+18005551212"),
            ("From", "+14158675310"),
            ("Caller", "+14158675310"),
            ("CallSid", "CA1234567890ABCDE"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    #[test]
    fn the_published_example_of_a_signed_form_is_verified() {
        assert!(is_signed_form(TOKEN, URL, &form(), "L/OH5YylLD5NRKLltdqwSvS0BnU="));
    }

    #[test]
    fn another_token_url_form_or_signature_is_refused() {
        let good = "L/OH5YylLD5NRKLltdqwSvS0BnU=";
        let mut changed = form();
        changed[0].1.push('5');

        assert!(!is_signed_form("12346", URL, &form(), good));
        assert!(!is_signed_form(TOKEN, "https://example.com/myapp.php?foo=1&bar=3", &form(), good));
        assert!(!is_signed_form(TOKEN, URL, &changed, good));
        for signature in ["", "L/OH5YylLD5NRKLltdqwSvS0Bn", "M/OH5YylLD5NRKLltdqwSvS0BnU=", "no base64"] {
            assert!(!is_signed_form(TOKEN, URL, &form(), signature), "{signature}");
        }
    }
}
