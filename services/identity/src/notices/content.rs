//! What a notice says: a template and its variables.

use std::collections::BTreeMap;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::id::TenantId;
use rekey_primitives::locale::Locale;
use rekey_primitives::method::MethodChange;
use rekey_primitives::text::breaks_line;

use crate::domain::account::Account;
use crate::domain::security_info::SecurityInfo;
use crate::domain::tenant::Tenant;
use crate::peers::notification::{Lane, Message};

/// The most characters that notification takes in one variable.
pub(crate) const VARIABLE_MAX: usize = 1024;

/// A template with its variables, for people of one tenant.
pub(crate) struct NoticeContent {
    pub(super) tenant_id: TenantId,
    pub(super) at: Timestamp,
    template: &'static str,
    lane: Lane,
    locale: Option<Locale>,
    variables: BTreeMap<String, String>,
}

impl NoticeContent {
    /// A notice to a person about their own account.
    pub(crate) fn person(template: &'static str, tenant: &Tenant, account: &Account, now: Timestamp) -> Self {
        Self::organisation(template, tenant, now)
            .with("name", &account.display_name)
            .with("time", &readable(now))
    }

    /// A notice to administrators about nobody in particular.
    pub(crate) fn organisation(template: &'static str, tenant: &Tenant, now: Timestamp) -> Self {
        let (lane, locale, variables) = (Lane::Transactional, None, BTreeMap::new());
        Self { tenant_id: tenant.id, at: now, template, lane, locale, variables }
            .with("organisation", &tenant.display_name)
    }

    /// An alarm to administrators about an account.
    pub(crate) fn alarm(template: &'static str, tenant: &Tenant, account: &Account, now: Timestamp) -> Self {
        Self { lane: Lane::Critical, ..Self::person(template, tenant, account, now) }
    }

    /// A notice to a person about a change of an entry. Its words are said in the reader's language by who writes the message.
    pub(crate) fn of_entry(
        tenant: &Tenant,
        account: &Account,
        entry: &SecurityInfo,
        change: MethodChange,
        now: Timestamp,
    ) -> Self {
        let masked = entry.destination().map(|to| to.masked()).unwrap_or_default();
        let method = format!("{} {masked}", entry.kind().as_str());
        Self::person("security_info_changed_notice", tenant, account, now)
            .with("change", change.as_str())
            .with("method", method.trim_end())
    }

    /// In the language of the person who is there, if it is known.
    #[must_use]
    pub(crate) fn in_language(self, locale: Option<&Locale>) -> Self {
        Self { locale: locale.cloned(), ..self }
    }

    /// As urgent as this.
    #[must_use]
    pub(crate) fn in_lane(self, lane: Lane) -> Self {
        Self { lane, ..self }
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

    pub(super) fn message(&self, destination: &Destination) -> Message {
        Message {
            locale: self.locale.as_ref().map(|locale| locale.as_str().to_owned()),
            ..Message::to(destination, self.template, self.lane, self.variables.clone())
        }
    }
}

/// A value as notification takes it: no notice may be lost over a name or a login that somebody chose. Links lose a
/// slash to a space, which keeps their length; breaks of lines other than `\n` are spaces, nothing is a dash.
fn fitting(value: &str) -> String {
    let plain = |c: char| if breaks_line(c) && c != '\n' { ' ' } else { c };
    let spelled: String = value.replace("://", ": /").chars().map(plain).take(VARIABLE_MAX).collect();
    if spelled.trim().is_empty() { "-".to_owned() } else { spelled }
}

/// `2026-01-02 03:04 UTC`: to the minute, in a form every language reads.
pub(crate) fn readable(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} {} UTC", text.get(..10).unwrap_or(&text), text.get(11..16).unwrap_or_default())
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
