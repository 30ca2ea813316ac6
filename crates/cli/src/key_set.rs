//! The public keys of access tokens, for backends that check a token without asking.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

/// Writes the keys of the moment.
type Written = Arc<dyn Fn() -> String + Send + Sync>;

/// The public keys of access tokens, at `/.well-known/jwks.json` of the health port of a process that runs identity.
#[derive(Clone, Default)]
pub(crate) struct KeySet(Arc<OnceLock<Written>>);

impl KeySet {
    /// The route they are shown at.
    pub(crate) fn routes(&self) -> Router {
        Router::new().route("/.well-known/jwks.json", get(Self::show)).with_state(self.clone())
    }

    /// Shows from now on what this writes when it is asked.
    pub(crate) fn put(&self, keys: Written) {
        self.0.get_or_init(|| keys);
    }

    async fn show(State(Self(keys)): State<Self>) -> Result<impl IntoResponse, StatusCode> {
        // Five minutes: a new key is known for longer than that before it signs.
        let headers =
            [(header::CONTENT_TYPE, "application/jwk-set+json"), (header::CACHE_CONTROL, "max-age=300")];
        let write = keys.get().ok_or(StatusCode::NOT_FOUND)?;
        Ok((headers, write()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn public_keys_are_shown_once_identity_has_read_them() {
        let keys = KeySet::default();

        let before = KeySet::show(State(keys.clone())).await.err();
        keys.put(Arc::new(|| "{\"keys\":[]}".to_owned()));
        let after = KeySet::show(State(keys)).await.unwrap().into_response();

        assert_eq!(before, Some(StatusCode::NOT_FOUND));
        assert_eq!(after.headers()[header::CONTENT_TYPE], "application/jwk-set+json");
    }
}
