//! What the mail server took, as Python's `email` package reads it.

use serde::Deserialize;

/// A message that was taken.
#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    /// Sender of the envelope.
    pub from: String,
    /// Recipients of the envelope.
    pub recipients: Vec<String>,
    /// The login that the client proved.
    pub login: Option<String>,
    /// Whether it came over TLS.
    pub encrypted: bool,
    /// Which connection it came on, from 1: shows whether connections are reused.
    pub connection: u32,
    /// Header fields, decoded, in their order.
    pub headers: Vec<(String, String)>,
    /// The plain text, decoded.
    pub text: Option<String>,
    /// The HTML, decoded.
    pub html: Option<String>,
    /// The message as it stood on the wire.
    pub raw: String,
}

impl Mail {
    /// The first header field of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}
