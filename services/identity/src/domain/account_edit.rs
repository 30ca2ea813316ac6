//! What administrators change of an account's own data, and what follows from it.

use rekey_primitives::login::Login;

use super::account::Account;
use super::refusal::Refusal;

/// What to change; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AccountEdit {
    /// All logins from then on; at least one.
    pub logins: Option<Vec<Login>>,
    /// The name people read; of nothing, the first login.
    pub display_name: Option<String>,
    /// The integrator's own id, or none.
    pub external_id: Option<Option<String>>,
    /// Whether the next sign-in must set a new password.
    pub must_change_password: Option<bool>,
    /// Whether another directory manages the password.
    pub managed_elsewhere: Option<bool>,
}

/// An account as an edit leaves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EditedAccount {
    /// As it is to be; version and times are the store's.
    pub after: Account,
    /// The fields that differ, by their names in the contract.
    pub changed: Vec<&'static str>,
    /// Logins that are its own no more.
    pub dropped: Vec<Login>,
    /// Open resets are void: they began under a name that may be another's by now, or for a password that is kept elsewhere.
    pub voids_resets: bool,
}

impl AccountEdit {
    /// What the edit makes of an account.
    pub(crate) fn apply(&self, account: &Account) -> Result<EditedAccount, Refusal> {
        let mut after = account.clone();
        if let Some(logins) = &self.logins {
            after.logins.clone_from(logins);
        }
        if let Some(name) = &self.display_name {
            let first_login = || after.logins.first().map(|login| login.as_str().to_owned());
            after.display_name =
                if name.is_empty() { first_login().unwrap_or_default() } else { name.clone() };
        }
        if let Some(external_id) = &self.external_id {
            after.external_id.clone_from(external_id);
        }
        if let Some(must_change) = self.must_change_password {
            match &mut after.password {
                Some(password) => password.must_change = must_change,
                None if must_change => return Err(Refusal::NoPassword),
                None => {}
            }
        }
        if let Some(managed_elsewhere) = self.managed_elsewhere {
            after.managed_elsewhere = managed_elsewhere;
        }
        let changed = changed_fields(account, &after);
        let kept = |login: &&Login| !after.logins.contains(login);
        Ok(EditedAccount {
            dropped: account.logins.iter().filter(kept).cloned().collect(),
            voids_resets: changed.iter().any(|field| ["logins", "managed_elsewhere"].contains(field)),
            changed,
            after,
        })
    }
}

fn changed_fields(before: &Account, after: &Account) -> Vec<&'static str> {
    let must_change = |account: &Account| account.password.as_ref().is_some_and(|record| record.must_change);
    let differs = [
        ("logins", before.logins != after.logins),
        ("display_name", before.display_name != after.display_name),
        ("external_id", before.external_id != after.external_id),
        ("must_change_password", must_change(before) != must_change(after)),
        ("managed_elsewhere", before.managed_elsewhere != after.managed_elsewhere),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}

#[cfg(test)]
mod tests {
    use rekey_primitives::clock::Timestamp;
    use rekey_primitives::id::{AccountId, TenantId};
    use uuid::Uuid;

    use super::*;
    use crate::domain::account::Sealed;
    use crate::testing::{account, password};

    const NOW: Timestamp = Timestamp::from_unix_micros(1_900_000_000_000_000);

    fn anna() -> Account {
        let (tenant_id, id) =
            (TenantId::from_uuid(Uuid::from_u128(1)), AccountId::from_uuid(Uuid::from_u128(2)));
        account(tenant_id, id, "anna", NOW)
    }

    fn login(text: &str) -> Login {
        Login::parse(text).unwrap()
    }

    #[test]
    fn what_is_not_named_stays() {
        let edited = AccountEdit::default().apply(&anna()).unwrap();

        assert_eq!(edited.after, anna());
        assert_eq!((edited.changed, edited.dropped, edited.voids_resets), (vec![], vec![], false));
    }

    #[test]
    fn other_logins_void_resets_and_say_which_went() {
        let anna = Account { logins: vec![login("anna"), login("anna.blume")], ..anna() };
        let edit =
            AccountEdit { logins: Some(vec![login("anna.blume"), login("a.stein")]), ..Default::default() };

        let edited = edit.apply(&anna).unwrap();

        assert_eq!(edited.after.logins, [login("anna.blume"), login("a.stein")]);
        assert_eq!((edited.changed, edited.dropped), (vec!["logins"], vec![login("anna")]));
        assert!(edited.voids_resets);
    }

    #[test]
    fn another_order_of_logins_is_a_change_that_drops_none() {
        let anna = Account { logins: vec![login("anna"), login("anna.blume")], ..anna() };
        let edit =
            AccountEdit { logins: Some(vec![login("anna.blume"), login("anna")]), ..Default::default() };

        let edited = edit.apply(&anna).unwrap();

        assert_eq!((edited.changed, edited.dropped), (vec!["logins"], vec![]));
    }

    #[test]
    fn names_and_ids_change_without_touching_resets() {
        let edit = AccountEdit {
            display_name: Some("Anna Stein".to_owned()),
            external_id: Some(Some("hr-7".to_owned())),
            ..Default::default()
        };

        let edited = edit.apply(&anna()).unwrap();
        let unnamed = AccountEdit { display_name: Some(String::new()), ..Default::default() };
        let unnamed = unnamed.apply(&edited.after).unwrap();

        assert_eq!(edited.changed, ["display_name", "external_id"]);
        assert!(!edited.voids_resets);
        assert_eq!(unnamed.after.display_name, "anna");
    }

    #[test]
    fn only_who_has_a_password_can_be_asked_for_another() {
        let edit = AccountEdit { must_change_password: Some(true), ..Default::default() };
        let record = password(Sealed::new(b"hash".to_vec()), NOW);
        let with_password = Account { password: Some(record), ..anna() };

        let edited = edit.apply(&with_password).unwrap();

        assert!(edited.after.password.unwrap().must_change);
        assert_eq!(edited.changed, ["must_change_password"]);
        assert_eq!(edit.apply(&anna()), Err(Refusal::NoPassword));
        let never = AccountEdit { must_change_password: Some(false), ..Default::default() };
        assert_eq!(never.apply(&anna()).unwrap().changed, Vec::<&str>::new());
    }

    #[test]
    fn a_password_that_moves_elsewhere_voids_resets() {
        let edit = AccountEdit { managed_elsewhere: Some(true), ..Default::default() };

        let edited = edit.apply(&anna()).unwrap();

        assert!(edited.after.managed_elsewhere && edited.voids_resets);
    }
}
