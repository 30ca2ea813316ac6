//! Notices: what people are told about their accounts, sealed into the outbox within the step they belong to.
//!
//! The variables of each template are exactly those it takes. A notice goes to every told address of its person,
//! whatever it complained about before; each address gets a notice of its own, so one that bounces holds up none.

use std::collections::BTreeMap;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::entropy::uuid_v7;
use rekey_primitives::id::TenantId;
use rekey_primitives::locale::Locale;
use rekey_primitives::text::breaks_line;
use uuid::Uuid;

use super::Identity;
use super::keys::Keys;
use crate::domain::account::{Account, Sealed};
use crate::domain::security_info::told;
use crate::domain::tenant::Tenant;
use crate::peers::notification::{Lane, Message};
use crate::store;
use crate::store::outbox::Notice;

/// The most characters that notification takes in one variable.
pub(crate) const VARIABLE_MAX: usize = 1024;

/// A template with its variables.
pub(crate) struct Notify {
    template: &'static str,
    lane: Lane,
    variables: BTreeMap<String, String>,
}

impl Notify {
    /// A notice to a person about their own account.
    pub(crate) fn person(template: &'static str, tenant: &Tenant, account: &Account, now: Timestamp) -> Self {
        let lane = Lane::Transactional;
        Self { template, lane, variables: BTreeMap::new() }
            .with("organisation", &tenant.display_name)
            .with("name", &account.display_name)
            .with("time", &readable(now))
    }

    /// A notice to administrators about nobody in particular.
    pub(crate) fn organisation(template: &'static str, tenant: &Tenant) -> Self {
        Self { template, lane: Lane::Transactional, variables: BTreeMap::new() }
            .with("organisation", &tenant.display_name)
    }

    /// An alarm to administrators about an account.
    pub(crate) fn alarm(template: &'static str, tenant: &Tenant, account: &Account, now: Timestamp) -> Self {
        Self { lane: Lane::Critical, ..Self::person(template, tenant, account, now) }
    }

    /// With one variable more.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), fitting(value));
        self
    }

    /// With the link to this person's page, the only one in a message.
    #[must_use]
    pub(crate) fn with_link(mut self, link: &str) -> Self {
        self.variables.insert("link".to_owned(), link.to_owned());
        self
    }
}

impl Identity {
    /// The notice for each of these addresses, sealed for the outbox.
    pub(crate) fn notices(
        &self,
        tenant_id: TenantId,
        destinations: &[Destination],
        locale: Option<&Locale>,
        notify: &Notify,
        now: Timestamp,
    ) -> Vec<Notice> {
        let not_after = now.plus(Duration::from_secs(self.settings.notices.life_seconds));
        let message = |destination: &Destination| Message {
            locale: locale.map(|locale| locale.as_str().to_owned()),
            ..Message::to(destination, notify.template, notify.lane, notify.variables.clone())
        };
        destinations
            .iter()
            .map(|destination| {
                let id = uuid_v7(&*self.entropy, now);
                let content = self.seal_notice(tenant_id, id, &message(destination));
                Notice { id, tenant_id, content, not_after }
            })
            .collect()
    }

    /// Every address that is told of what happens to an account, those removed of late included.
    pub(crate) async fn told(
        &self,
        scope: &crate::domain::scope::TenantScope,
        account: &Account,
        now: Timestamp,
    ) -> Result<Vec<Destination>, store::Failure> {
        let removed = self.store.removed_addresses(scope, account.id).await?;
        Ok(told(&account.security_info, &removed, now))
    }

    fn seal_notice(&self, tenant_id: TenantId, id: Uuid, message: &Message) -> Sealed {
        let json = rekey_primitives::secret::Zeroizing::new(
            serde_json::to_vec(message).expect("messages are plain structs, which always have a JSON form"),
        );
        Sealed::new(self.keys.tokens.seal(&*self.entropy, &outbox_context(tenant_id, id), &json))
    }
}

impl Keys {
    /// Opens a queued notice, for the relay; `None` if its key is gone.
    pub(crate) fn open_notice(&self, notice: &Notice) -> Option<Message> {
        let context = outbox_context(notice.tenant_id, notice.id);
        let json = self.tokens.open(&context, notice.content.as_bytes()).ok()?;
        serde_json::from_slice(&json).ok()
    }
}

/// A value as notification takes it: no notice may be lost over a name or a login that somebody chose. Links lose a
/// slash to a space, which keeps their length; breaks of lines other than `\n` are spaces, nothing is a dash.
fn fitting(value: &str) -> String {
    let plain = |c: char| if breaks_line(c) && c != '\n' { ' ' } else { c };
    let spelled: String = value.replace("://", ": /").chars().map(plain).take(VARIABLE_MAX).collect();
    if spelled.trim().is_empty() { "-".to_owned() } else { spelled }
}

fn outbox_context(tenant_id: TenantId, id: Uuid) -> Vec<u8> {
    [b"outbox".as_slice(), tenant_id.as_uuid().as_bytes(), id.as_bytes()].concat()
}

/// `2026-01-02 03:04 UTC`: to the minute, in a form every language reads.
pub(crate) fn readable(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} {} UTC", text.get(..10).unwrap_or(&text), text.get(11..16).unwrap_or_default())
}

impl std::fmt::Debug for Notify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notify").field("template", &self.template).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn no_name_that_somebody_chose_can_lose_a_notice() {
        assert_eq!(fitting("Ada\u{2028}Byron\u{85}"), "Ada Byron ");
        assert_eq!(fitting("https://evil.example"), "https: /evil.example");
        assert_eq!(fitting("two\nlines"), "two\nlines");
        assert_eq!((fitting("").as_str(), fitting(" ").as_str()), ("-", "-"));
        assert_eq!(fitting(&"://".repeat(500)).chars().count(), 1_024);
    }
}
