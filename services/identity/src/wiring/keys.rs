//! Keys from their files, held to those that the store was used with.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use rekey_database::KeyChecks;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_runtime::key_files::{FollowedKeys, KeyFile, KeyFileError};
use rekey_sealing::{HeldKey, KeyId, KeyStore, KeyStoreFailure, WrongKeys};

use super::Parts;
use crate::config::KeyFiles;
use crate::keys::{KeyTexts, Keys};
use crate::store::Store;

/// The keys, each with the file that it goes by.
pub(crate) type FollowedKeySet = Arc<[Arc<FollowedKeys>; 6]>;

/// Reads the keys. This service never invents one: a replica with keys of its own would refuse its sisters' tokens,
/// and passwords under a pepper that nobody keeps are lost.
pub(super) fn read(files: &KeyFiles) -> anyhow::Result<Keys> {
    let [pepper, access_token, tokens, decoy, login_hash, familiar_place] = key_files(files)?;
    Keys::read(KeyTexts {
        pepper: pepper.text()?.expose_secret(),
        access_token: access_token.text()?.expose_secret(),
        tokens: tokens.text()?.expose_secret(),
        decoy: decoy.text()?.expose_secret(),
        login_hash: login_hash.text()?.expose_secret(),
        familiar_place: familiar_place.text()?.expose_secret(),
    })
    .context("[identity.keys]")
}

/// In the order of [`KeyTexts`].
fn key_files(files: &KeyFiles) -> Result<[KeyFile; 6], KeyFileError> {
    let file = |key, path: &Option<PathBuf>| KeyFile::of("identity", key, path.as_deref());
    Ok([
        file("pepper", &files.pepper_file)?,
        file("access_token", &files.access_token_file)?,
        file("tokens", &files.tokens_file)?,
        file("decoy", &files.decoy_file)?,
        file("login_hash", &files.login_hash_file)?,
        file("familiar_place", &files.familiar_place_file)?,
    ])
}

/// The keys of parts that were put together.
pub(crate) fn followed_keys(parts: &Parts) -> Result<FollowedKeySet, KeyFileError> {
    let [pepper, access_token, tokens, decoy, login_hash, familiar_place] = key_files(&parts.settings.keys)?;
    let keys = &parts.keys;
    let store = parts.store.clone();
    let checks = KeyChecks { database: store.database().clone(), clock: Arc::clone(&parts.clock) };
    let store: Arc<dyn KeyStore> = Arc::new(KnownKeys { checks, store });
    Ok(Arc::new([
        pepper.followed_by(keys.pepper.clone(), Arc::clone(&store)),
        access_token.followed_by(keys.access_token.clone(), Arc::clone(&store)),
        tokens.followed_by(keys.tokens.clone(), Arc::clone(&store)),
        decoy.followed_by(keys.decoy.clone(), Arc::clone(&store)),
        login_hash.followed_by(keys.login_hash.clone(), Arc::clone(&store)),
        familiar_place.followed_by(keys.familiar_place.clone(), store),
    ]))
}

/// Holds all of them to those of the store.
pub(crate) async fn hold_keys(keys: &FollowedKeySet) -> Result<(), KeyFileError> {
    for keys in keys.iter() {
        keys.hold().await?;
    }
    Ok(())
}

/// What the store knows of keys, and what it has under the pepper.
struct KnownKeys {
    checks: KeyChecks,
    store: Store,
}

#[async_trait]
impl KeyStore for KnownKeys {
    async fn hold(&self, kind: &str, held: &[HeldKey]) -> Result<Result<(), WrongKeys>, KeyStoreFailure> {
        self.checks.hold(kind, held).await
    }

    async fn still_sealed_by(&self, kind: &str, id: &KeyId) -> Result<Option<String>, KeyStoreFailure> {
        // The others seal what is over by itself.
        if kind != "pepper" {
            return Ok(None);
        }
        let under = self.store.under_pepper(id).await?;
        Ok((!under.is_empty()).then(|| under.to_string()))
    }
}
