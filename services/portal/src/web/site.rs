//! What all pages share.

use std::sync::Arc;

use rekey_client::Connection;
use rekey_primitives::clock::SharedClock;
use rekey_primitives::entropy::SharedEntropy;
use rekey_sealing::AeadKeys;

use super::logos::KeptLogos;
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
    pub(crate) to_identity: Connection,
    /// To notification, for administrators' pages of messages.
    pub(crate) to_notification: Connection,
    pub(crate) cookies: CookieJar,
    /// Seals what stands in forms.
    pub(crate) seals: AeadKeys,
    pub(crate) view: View,
    pub(crate) logos: KeptLogos,
    pub(crate) clock: SharedClock,
    pub(crate) entropy: SharedEntropy,
}

/// The site, as requests hold it.
pub(crate) type SharedSite = Arc<Site>;
