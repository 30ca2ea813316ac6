//! What all pages share.

use std::sync::Arc;

use rekey_client::Connection;
use rekey_primitives::clock::SharedClock;
use rekey_primitives::entropy::SharedEntropy;
use rekey_sealing::AeadKeys;

use super::logo_cache::LogoCache;
use crate::config::SiteRules;
use crate::cookies::CookieJar;
use crate::peers::{Identity, SignIns};
use crate::view::View;

/// The site.
pub(crate) struct Site {
    pub(crate) rules: SiteRules,
    pub(crate) identity: Arc<dyn Identity>,
    /// The same, for those who sign in and out.
    pub(crate) sign_ins: Arc<dyn SignIns>,
    /// To identity, for those who are signed in.
    pub(crate) identity_connection: Connection,
    /// To notification, for administrators' pages of messages.
    pub(crate) notification_connection: Connection,
    pub(crate) cookies: CookieJar,
    /// Seals what stands in forms.
    pub(crate) form_token_keys: AeadKeys,
    pub(crate) view: View,
    pub(crate) logos: LogoCache,
    pub(crate) clock: SharedClock,
    pub(crate) entropy: SharedEntropy,
}

/// The site, as requests hold it.
pub(crate) type SharedSite = Arc<Site>;
