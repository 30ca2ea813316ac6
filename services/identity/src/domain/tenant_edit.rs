//! What is changed of a tenant, and who may change it.

use rekey_primitives::contact::EmailAddress;

use super::tenant::{DomainName, Handle, HelpUrl, Tenant};

/// What to change; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TenantEdit {
    pub handle: Option<Handle>,
    pub display_name: Option<String>,
    /// All domains from then on.
    pub domains: Option<Vec<DomainName>>,
    /// Seats for self-service reset, or any number.
    pub licensed_accounts: Option<Option<u32>>,
    /// Where help requests go instead of to administrators, or nowhere else.
    pub help_mailbox: Option<Option<EmailAddress>>,
    /// A page shown instead of the form for a help request, or none.
    pub help_url: Option<Option<HelpUrl>>,
}

impl TenantEdit {
    /// Whether it names what is the operator's to say: names that are unique in the whole suite, of which a tenant's administrators
    /// could take those of another organisation, and seats, which somebody pays for.
    pub(crate) const fn is_for_operators(&self) -> bool {
        self.handle.is_some() || self.domains.is_some() || self.licensed_accounts.is_some()
    }

    /// The tenant as it is to be, and the fields that differ, by their names in the contract.
    pub(crate) fn apply(&self, tenant: &Tenant) -> (Tenant, Vec<&'static str>) {
        let mut after = tenant.clone();
        if let Some(handle) = &self.handle {
            after.handle.clone_from(handle);
        }
        if let Some(name) = &self.display_name {
            after.display_name.clone_from(name);
        }
        if let Some(domains) = &self.domains {
            after.domains.clone_from(domains);
        }
        if let Some(seats) = self.licensed_accounts {
            after.licensed_accounts = seats;
        }
        if let Some(mailbox) = &self.help_mailbox {
            after.help_mailbox.clone_from(mailbox);
        }
        if let Some(url) = &self.help_url {
            after.help_url.clone_from(url);
        }
        let differs = [
            ("handle", tenant.handle != after.handle),
            ("display_name", tenant.display_name != after.display_name),
            ("domains", tenant.domains != after.domains),
            ("licensed_accounts", tenant.licensed_accounts != after.licensed_accounts),
            ("help_mailbox", tenant.help_mailbox != after.help_mailbox),
            ("help_url", tenant.help_url != after.help_url),
        ];
        let changed = differs.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect();
        (after, changed)
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::clock::Timestamp;
    use rekey_primitives::id::TenantId;
    use uuid::Uuid;

    use super::*;
    use crate::testing::tenant;

    fn acme() -> Tenant {
        tenant(TenantId::from_uuid(Uuid::from_u128(1)), "acme", Timestamp::from_unix_micros(1))
    }

    #[test]
    fn what_is_not_named_stays() {
        assert_eq!(TenantEdit::default().apply(&acme()), (acme(), vec![]));
    }

    #[test]
    fn every_field_changes_by_its_name() {
        let edit = TenantEdit {
            handle: Some(Handle::parse("globex").unwrap()),
            display_name: Some("Globex".to_owned()),
            domains: Some(vec![]),
            licensed_accounts: Some(Some(3)),
            help_mailbox: Some(Some(EmailAddress::parse("help@globex.example").unwrap())),
            help_url: Some(Some(HelpUrl::parse("https://help.globex.example").unwrap())),
        };

        let (after, changed) = edit.apply(&acme());
        let back = TenantEdit { help_mailbox: Some(None), help_url: Some(None), ..TenantEdit::default() };

        assert_eq!(
            changed,
            ["handle", "display_name", "domains", "licensed_accounts", "help_mailbox", "help_url"]
        );
        assert_eq!(
            (after.handle.as_str(), after.domains.len(), after.licensed_accounts),
            ("globex", 0, Some(3))
        );
        assert_eq!(back.apply(&after).1, ["help_mailbox", "help_url"]);
    }

    #[test]
    fn names_of_the_suite_and_seats_are_the_operators() {
        let of_operators = [
            TenantEdit { handle: Some(Handle::parse("globex").unwrap()), ..TenantEdit::default() },
            TenantEdit { domains: Some(vec![]), ..TenantEdit::default() },
            TenantEdit { licensed_accounts: Some(None), ..TenantEdit::default() },
        ];
        let of_administrators = [
            TenantEdit { display_name: Some("Globex".to_owned()), ..TenantEdit::default() },
            TenantEdit { help_mailbox: Some(None), help_url: Some(None), ..TenantEdit::default() },
        ];

        assert!(of_operators.iter().all(TenantEdit::is_for_operators));
        assert!(!of_administrators.iter().any(TenantEdit::is_for_operators));
    }
}
