//! How the tenant's pages look: the section of the policy, and which colours people can read.

use rekey_primitives::colour::Colour;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::Later;
use crate::domain::logo::LogoDigest;

/// The least contrast between a button and its text (WCAG 2.2, 1.4.3, level AA).
const READABLE: f64 = 4.5;

/// How the tenant's pages look in the portal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PortalRules {
    /// The colour of buttons and links. `None`, the portal's own: a new tenant has said nothing of colours.
    #[serde(deserialize_with = "if_readable")]
    pub accent: Option<Colour>,
    /// The logo in place of the tenant's name. Its image is stored beside the policy, which is read for every call.
    #[serde(deserialize_with = "if_readable")]
    pub logo: Option<LogoDigest>,
    /// Fields of a newer release.
    #[serde(flatten)]
    pub later: Later,
}

/// Whether people can read white text on a button of this colour.
pub(super) fn carries_white_text(colour: Colour) -> bool {
    colour.contrast_with(Colour::WHITE) >= READABLE
}

/// A value that a newer release wrote in another way is left out: pages without a colour are the harmless misunderstanding, and a
/// policy that does not read would stop every call.
fn if_readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    let written = Option::<serde_json::Value>::deserialize(from)?;
    Ok(written.and_then(|written| serde_json::from_value(written).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::Policy;

    fn wrong_with(accent: &str) -> Vec<&'static str> {
        let mut policy = Policy::default();
        policy.portal.accent = Some(Colour::parse(accent).unwrap());
        policy.check().into_iter().map(|wrong| wrong.field).collect()
    }

    #[test]
    fn an_accent_carries_white_text_or_is_refused() {
        for readable in ["#000000", "#767676", "#0b57a4", "#b3170b"] {
            assert_eq!(wrong_with(readable), Vec::<&str>::new(), "{readable}");
        }

        for faint in ["#777777", "#ffffff", "#ffd75e", "#ff0000"] {
            assert_eq!(wrong_with(faint), ["portal.accent"], "{faint}");
        }
    }

    #[test]
    fn what_a_newer_release_wrote_of_colours_stops_no_policy() {
        let read: Policy = serde_json::from_str(
            r##"{"portal":{"accent":"oklch(0.5 0.1 250)","logo":7,"font":"serif"},"reset":{"proofs_required":2}}"##,
        )
        .unwrap();

        assert_eq!((read.portal.accent, read.portal.logo, read.reset.proofs_required), (None, None, 2));
        assert_eq!(serde_json::to_value(&read).unwrap()["portal"]["font"], "serif");
    }

    #[test]
    fn a_look_survives_a_round_trip() {
        let text = r##"{"portal":{"accent":"#0b57a4","logo":"0101010101010101010101010101010101010101010101010101010101010101"}}"##;

        let read: Policy = serde_json::from_str(text).unwrap();
        let again: Policy = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();

        assert!(read.portal.accent.is_some() && read.portal.logo.is_some());
        assert_eq!(again, read);
    }
}
