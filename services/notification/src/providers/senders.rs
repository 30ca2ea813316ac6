//! Who messages are from: a provider's own sender, or the one that a tenant has in `[[notification.senders]]`.
//!
//! Which providers send in a tenant's name is a setting of each, since a relay takes only senders that it knows.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use lettre::address::Address;
use lettre::message::Mailbox;
use rekey_primitives::contact::EmailAddress;
use rekey_primitives::id::TenantId;
use serde::Deserialize;

/// An entry of `[[notification.senders]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SenderSettings {
    /// Whose messages, a UUID.
    tenant: String,
    /// Who mails are from; without it the provider's own.
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    from_name: String,
    /// Where answers to those mails go; without it to nobody.
    #[serde(default)]
    reply_to: Option<String>,
    /// Who text messages are from; without it the provider's own.
    #[serde(default)]
    sms_from: Option<String>,
}

/// Who mails are from.
#[derive(Debug, Clone)]
pub(super) struct MailSender {
    pub(super) from: EmailAddress,
    pub(super) name: String,
    pub(super) reply_to: Option<Mailbox>,
}

/// Who a tenant's messages are from, as far as it has a sender of its own.
#[derive(Debug)]
pub(crate) struct TenantSender {
    pub(super) mail: Option<MailSender>,
    pub(super) sms_from: Option<String>,
}

/// The senders of tenants.
#[derive(Debug, Clone, Default)]
pub(crate) struct Senders(HashMap<TenantId, Arc<TenantSender>>);

impl Senders {
    /// Reads them.
    ///
    /// # Errors
    /// An entry that cannot be, or a tenant that has two.
    pub(crate) fn of(all: &[SenderSettings]) -> anyhow::Result<Self> {
        let mut senders = HashMap::new();
        for settings in all {
            let tenant = TenantId::parse(&settings.tenant);
            let tenant = tenant.with_context(|| format!("`{}` is no id of a tenant", settings.tenant))?;
            let sender = TenantSender::of(settings).with_context(|| format!("the tenant {tenant}"))?;
            ensure!(
                senders.insert(tenant, Arc::new(sender)).is_none(),
                "the tenant {tenant} stands there twice"
            );
        }
        Ok(Self(senders))
    }

    /// That of a tenant, if it has one.
    pub(crate) fn of_tenant(&self, tenant: TenantId) -> Option<Arc<TenantSender>> {
        self.0.get(&tenant).map(Arc::clone)
    }

    /// The domains that tenants' mails are from.
    pub(crate) fn domains(&self) -> impl Iterator<Item = &str> {
        self.0.values().filter_map(|sender| sender.mail.as_ref()).map(|mail| mail.from.domain())
    }
}

impl TenantSender {
    fn of(settings: &SenderSettings) -> anyhow::Result<Self> {
        let SenderSettings { from, from_name, reply_to, sms_from, .. } = settings;
        let is_mail = from.is_some() || (from_name.is_empty() && reply_to.is_none());
        ensure!(is_mail, "`from_name` and `reply_to` go with `from`");
        ensure!(from.is_some() || sms_from.is_some(), "has neither `from` nor `sms_from`");
        ensure!(sms_from.as_ref().is_none_or(|from| !from.trim().is_empty()), "`sms_from` is empty");
        let mail = from.as_deref().map(|from| MailSender::read(from, from_name, reply_to.as_deref()));
        Ok(Self { mail: mail.transpose()?, sms_from: sms_from.clone() })
    }
}

impl MailSender {
    /// Reads it from settings. Names of domains go out in A-labels; what stands before the `@` must be ASCII, since
    /// no setting can know whether a relay takes others (RFC 6531).
    pub(super) fn read(from: &str, name: &str, reply_to: Option<&str>) -> anyhow::Result<Self> {
        let from = own_address(from).context("`from`")?;
        let reply_to = match reply_to {
            Some(text) => {
                let mailbox = text.parse::<Mailbox>().context("`reply_to` is no e-mail address")?;
                let has_control = |name: &String| name.chars().any(char::is_control);
                ensure!(
                    !mailbox.name.as_ref().is_some_and(has_control),
                    "`reply_to` holds a control character"
                );
                let address = own_address(mailbox.email.as_ref()).context("`reply_to`")?;
                Some(Mailbox::new(mailbox.name, lettre_address(&address)))
            }
            None => None,
        };
        ensure!(!name.chars().any(char::is_control), "`from_name` holds a control character");
        Ok(Self { from, name: name.to_owned(), reply_to })
    }
}

fn own_address(text: &str) -> anyhow::Result<EmailAddress> {
    let address = EmailAddress::parse(text).context("is no e-mail address")?;
    ensure!(address.as_str().is_ascii(), "must be ASCII before the `@`: not every relay takes others");
    Ok(address)
}

/// lettre judges addresses by rules of its own; ours were judged when they came in.
pub(super) fn lettre_address(address: &EmailAddress) -> Address {
    Address::new_dangerous(address.local_part(), address.domain())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "00000000-0000-0000-0000-0000007e4a47";

    fn senders(text: &str) -> anyhow::Result<Senders> {
        #[derive(Deserialize)]
        struct Document {
            senders: Vec<SenderSettings>,
        }
        let document: Document = toml::from_str(&text.replace("TENANT", &format!("'{TENANT}'"))).unwrap();
        Senders::of(&document.senders)
    }

    #[test]
    fn a_tenant_has_the_sender_that_names_it_and_others_have_none() {
        let senders = senders(
            "[[senders]]\ntenant = TENANT\nfrom = 'no-reply@b\u{fc}cher.example'\nfrom_name = 'B\u{fc}cher'\nsms_from = 'Buecher'",
        )
        .unwrap();

        let found = senders.of_tenant(TenantId::parse(TENANT).unwrap()).unwrap();
        let mail = found.mail.as_ref().unwrap();
        assert_eq!(
            (mail.from.as_str(), mail.name.as_str()),
            ("no-reply@xn--bcher-kva.example", "B\u{fc}cher")
        );
        assert_eq!(found.sms_from.as_deref(), Some("Buecher"));
        assert_eq!(senders.domains().collect::<Vec<_>>(), ["xn--bcher-kva.example"]);
        assert!(senders.of_tenant(TenantId::parse(&TENANT.replace('7', "8")).unwrap()).is_none());
    }

    #[test]
    fn an_entry_that_cannot_be_is_refused_and_says_why() {
        for (text, why) in [
            ("[[senders]]\ntenant = 'acme'\nfrom = 'a@acme.example'", "is no id of a tenant"),
            ("[[senders]]\ntenant = TENANT", "neither `from` nor `sms_from`"),
            ("[[senders]]\ntenant = TENANT\nsms_from = 'A'\nfrom_name = 'Acme'", "go with `from`"),
            ("[[senders]]\ntenant = TENANT\nfrom = 'acme'", "is no e-mail address"),
            ("[[senders]]\ntenant = TENANT\nfrom = '\u{fc}@acme.example'", "must be ASCII"),
            (
                "[[senders]]\ntenant = TENANT\nsms_from = 'A'\n[[senders]]\ntenant = TENANT\nsms_from = 'B'",
                "stands there twice",
            ),
        ] {
            let refused = format!("{:#}", senders(text).unwrap_err());
            assert!(refused.contains(why), "{refused}");
        }
    }
}
