//! Callers files: who may call a part, as `rekey token create` prints it and `rekey up` writes it.
//!
//! Only the digest of a token is kept anywhere.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rekey_primitives::entropy::{Entropy, array};
use rekey_runtime::access::token_digest;
use serde::Serialize;

/// A caller to be added to a callers file.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct NewCaller {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spiffe_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) token_sha256: Vec<String>,
    pub(crate) methods: Vec<String>,
    pub(crate) in_own_name: Vec<String>,
    pub(crate) persons_of: Vec<String>,
    pub(crate) tenants: Vec<String>,
    pub(crate) purposes: Vec<String>,
    pub(crate) templates: Vec<String>,
    pub(crate) lanes: Vec<String>,
    pub(crate) senders: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) grant_issuers: Vec<String>,
    pub(crate) may_assert_context: bool,
    pub(crate) may_assert_not_after: bool,
}

impl NewCaller {
    /// A caller that may do everything; narrow it from there.
    pub(crate) fn everything(name: &str) -> Self {
        let all = || vec!["*".to_owned()];
        Self {
            name: name.to_owned(),
            methods: all(),
            in_own_name: all(),
            persons_of: all(),
            tenants: all(),
            purposes: all(),
            templates: all(),
            lanes: all(),
            senders: all(),
            audiences: all(),
            grant_issuers: all(),
            may_assert_context: true,
            may_assert_not_after: true,
            ..Self::default()
        }
    }

    /// The same, known by a token if there is one.
    pub(crate) fn known_by(self, token: Option<&str>) -> Self {
        Self { token_sha256: token.map(token_digest).into_iter().collect(), ..self }
    }
}

/// The text of a callers file.
pub(crate) fn text<T: Serialize>(entries: &[T]) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct File<'a, T> {
        caller: &'a [T],
    }
    Ok(toml::to_string(&File { caller: entries })?)
}

/// 256 random bits, with a prefix by which leak scanners know it.
pub(crate) fn draw_token(entropy: &dyn Entropy) -> String {
    format!("rekey_{}", BASE64_URL_SAFE_NO_PAD.encode(array::<32>(entropy)))
}
