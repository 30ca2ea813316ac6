//! Settings become parts: keys from a file, a connection to identity, and the site of both.

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use rekey_client::Connection;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_runtime::key_files::{FollowedKeys, KeyFile};
use rekey_sealing::{AeadKeys, HeldKey, KeyStore, KeyStoreFailure, WrongKeys};

use crate::Dependencies;
use crate::config::{KeySettings, Settings};
use crate::cookies::CookieJar;
use crate::peers::IdentityPeer;
use crate::view::View;
use crate::web::{LogoCache, Site};

/// Nothing is stored under these keys but in browsers, and no cookie outlives a year: there is nobody to ask.
struct NoStore;

#[async_trait]
impl KeyStore for NoStore {
    async fn hold(&self, _: &str, _: &[HeldKey]) -> Result<Result<(), WrongKeys>, KeyStoreFailure> {
        Ok(Ok(()))
    }
}

/// Reads the keys of cookies, and has them follow their file. The portal never invents one: a replica with keys of its own would open no
/// cookie of the others.
pub(crate) fn cookie_keys(settings: &KeySettings) -> anyhow::Result<(AeadKeys, Arc<FollowedKeys>)> {
    let file = KeyFile::of("portal", "cookie", settings.cookie_file.as_deref())?;
    let keys = AeadKeys::from_text(file.text()?.expose_secret()).with_context(|| file.setting())?;
    let followed = file.followed_by(keys.clone(), Arc::new(NoStore));
    Ok((keys, followed))
}

/// Whom the portal calls.
pub(crate) struct Peers {
    pub(crate) identity: Connection,
    pub(crate) notification: Connection,
}

/// The site that the pages share.
pub(crate) fn site(
    settings: &Settings,
    keys: &AeadKeys,
    peers: Peers,
    dependencies: &Dependencies,
) -> anyhow::Result<Site> {
    let Dependencies { clock, entropy } = dependencies;
    let identity = Arc::new(IdentityPeer::new(peers.identity.clone()));
    Ok(Site {
        rules: settings.rules().context("the settings of the portal do not fit together")?,
        identity: identity.clone(),
        sign_ins: identity,
        identity_connection: peers.identity,
        notification_connection: peers.notification,
        cookies: CookieJar::new(keys.clone(), Arc::clone(entropy)),
        form_token_keys: keys.clone(),
        view: View::load()?,
        logos: LogoCache::default(),
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
    })
}
