//! The channels that codes can go by: what no provider carries, or goes to no country, is offered to nobody.

use rekey_identity::config::Settings as Identity;
use rekey_notification::config::Settings as Notification;
use rekey_primitives::contact::Channel;
use rekey_runtime::settings::Document;
use rekey_verification::config::Settings as Verification;

use super::Findings;
use crate::Part;

/// The kinds of methods, as the settings name them, and what carries their codes.
const KINDS: [(&str, Channel, &str); 2] =
    [("email", Channel::Email, "mail"), ("phone", Channel::Sms, "text messages")];

/// Refuses kinds that resets would offer, and whose codes would go nowhere.
pub(super) fn offered(findings: &mut Findings, document: &Document) -> anyhow::Result<()> {
    let identity: Identity = document.part(Part::Identity.name())?;
    let carried = Carried::of(document)?;
    if KINDS.iter().all(|(_, channel, _)| !carried.notification.carries(*channel)) {
        // That there is none at all is said already, and mends this.
        return Ok(());
    }
    for kind in &identity.resets.carried_kinds {
        if let Some(why) = carried.lack(kind) {
            findings.forbidden.push(format!("identity.resets.carried_kinds names {kind:?}, and {why}"));
        }
    }
    Ok(())
}

/// What this deployment carries by its settings.
pub(crate) struct Carried {
    notification: Notification,
    has_countries: bool,
}

impl Carried {
    /// Reads what notification and verification are set to.
    pub(crate) fn of(document: &Document) -> anyhow::Result<Self> {
        let verification: Verification = document.part(Part::Verification.name())?;
        // A policy may name countries for a tenant or a purpose.
        let has_countries = verification.phone.names_countries() || verification.policies_file.is_some();
        Ok(Self { notification: document.part(Part::Notification.name())?, has_countries })
    }

    /// The kinds whose codes get somewhere.
    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        KINDS.map(|(kind, _, _)| kind).into_iter().filter(|kind| self.lack(kind).is_none()).collect()
    }

    /// Why codes of a kind would get nowhere.
    fn lack(&self, kind: &str) -> Option<String> {
        let (_, channel, what) = KINDS.into_iter().find(|(name, _, _)| *name == kind)?;
        if !self.notification.carries(channel) {
            return Some(format!("no entry of notification.providers carries {what}"));
        }
        let goes_nowhere = channel == Channel::Sms && !self.has_countries;
        goes_nowhere.then(|| "verification.phone.countries is empty, so text messages go nowhere".to_owned())
    }
}
