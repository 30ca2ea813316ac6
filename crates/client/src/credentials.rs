//! The two tokens a call can carry, as headers that never show in a debug text.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

/// Metadata that carries a person's access token.
const ACCESS_TOKEN: HeaderName = HeaderName::from_static("rekey-access-token");

/// A token with characters that no header can carry.
#[derive(Debug, thiserror::Error)]
#[error("a token holds characters that cannot be sent")]
pub struct BadToken;

/// Proves which backend is calling.
#[derive(Debug, Clone)]
pub(crate) struct ServiceToken(HeaderValue);

impl ServiceToken {
    pub(crate) fn new(token: &str) -> Result<Self, BadToken> {
        sensitive(&format!("Bearer {token}")).map(Self)
    }
}

/// Proves on whose behalf.
#[derive(Debug, Clone)]
pub(crate) struct AccessToken(HeaderValue);

impl AccessToken {
    pub(crate) fn new(token: &SecretString) -> Result<Self, BadToken> {
        sensitive(token.expose_secret()).map(Self)
    }
}

/// Puts the tokens there, unless the request brings its own.
pub(crate) fn present(headers: &mut HeaderMap, service: Option<&ServiceToken>, person: Option<&AccessToken>) {
    if let Some(ServiceToken(value)) = service {
        headers.entry(header::AUTHORIZATION).or_insert_with(|| value.clone());
    }
    if let Some(AccessToken(value)) = person {
        headers.entry(ACCESS_TOKEN).or_insert_with(|| value.clone());
    }
}

/// `Debug` of a sensitive value says so and no more.
fn sensitive(text: &str) -> Result<HeaderValue, BadToken> {
    let mut value = HeaderValue::from_str(text).map_err(|_| BadToken)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{AccessToken, ServiceToken, present};

    #[test]
    fn tokens_are_sent_and_never_shown() {
        let mut headers = HeaderMap::new();
        let service = ServiceToken::new("s3cret").unwrap();
        let person = AccessToken::new(&"p3rson".into()).unwrap();

        present(&mut headers, Some(&service), Some(&person));

        assert_eq!(headers["authorization"], "Bearer s3cret");
        assert_eq!(headers["rekey-access-token"], "p3rson");
        let shown = format!("{headers:?}{service:?}{person:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("p3rson"), "{shown}");
    }

    #[test]
    fn a_token_that_no_header_can_carry_is_refused() {
        assert!(ServiceToken::new("two\nlines").is_err());
    }
}
