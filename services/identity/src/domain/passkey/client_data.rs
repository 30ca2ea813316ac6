//! What the browser says of the page that asked (section 5.8.1).

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::Deserialize;

use super::{Challenge, PasskeyRefused, RelyingParty};

/// Which ceremony client data are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ceremony {
    Registration,
    Authentication,
}

/// What client data are held to.
pub(super) struct Expected<'a> {
    pub(super) ceremony: Ceremony,
    pub(super) challenge: &'a Challenge,
    pub(super) relying_party: &'a RelyingParty,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CollectedClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    #[serde(default)]
    top_origin: Option<String>,
}

impl Expected<'_> {
    /// Steps 5 to 11 of 7.1, 7 to 13 of 7.2.
    pub(super) fn check(&self, json: &[u8]) -> Result<(), PasskeyRefused> {
        let said: CollectedClientData =
            serde_json::from_slice(without_mark(json)).map_err(|_| PasskeyRefused::ClientData)?;
        let kind = match self.ceremony {
            Ceremony::Registration => "webauthn.create",
            Ceremony::Authentication => "webauthn.get",
        };
        let is_one_of_ours = self.relying_party.origins.contains(&said.origin);
        [
            (said.kind != kind, PasskeyRefused::Ceremony),
            (said.challenge != BASE64_URL_SAFE_NO_PAD.encode(self.challenge), PasskeyRefused::Challenge),
            (!is_one_of_ours, PasskeyRefused::Origin),
            (said.cross_origin || said.top_origin.is_some(), PasskeyRefused::CrossOrigin),
        ]
        .into_iter()
        .find(|(is_so, _)| *is_so)
        .map_or(Ok(()), |(_, why)| Err(why))
    }
}

/// "UTF-8 decode" drops a byte order mark.
fn without_mark(json: &[u8]) -> &[u8] {
    json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json)
}
