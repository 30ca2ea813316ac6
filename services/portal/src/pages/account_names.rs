//! What accounts are called, for lists that know them by id.

use std::collections::{BTreeSet, HashMap};

use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use tokio::task::JoinSet;

use crate::web::CurrentUser;

/// Names by id. An account that is gone, or not for this administrator to see, goes by its id.
pub(super) struct AccountNames(HashMap<String, String>);

impl AccountNames {
    /// Asks for all of them at once, each once.
    pub(super) async fn of(user: &CurrentUser, ids: Vec<String>) -> Self {
        let ids: BTreeSet<String> = ids.into_iter().filter(|id| !id.is_empty()).collect();
        let mut asked = JoinSet::new();
        for id in ids {
            let request = wire::GetAccountRequest {
                tenant_id: user.tenant().to_string(),
                account_id: id,
                context: user.request_context(),
            };
            let mut accounts = AccountServiceClient::new(user.identity());
            asked.spawn(async move { accounts.get_account(request).await });
        }
        let answers = asked.join_all().await.into_iter().flatten();
        let accounts = answers.filter_map(|answer| answer.into_inner().account);
        Self(accounts.map(|account| (account.account_id.clone(), account_name(&account))).collect())
    }

    pub(super) fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.0.get(id).map_or(id, String::as_str)
    }
}

/// The name that people read, with what is typed at sign-in.
pub(super) fn account_name(account: &wire::Account) -> String {
    let name = account.display_name.as_str();
    match account.logins.first() {
        None if name.is_empty() => account.account_id.clone(),
        Some(login) if name.is_empty() => login.clone(),
        Some(login) if login != name => format!("{name} ({login})"),
        None | Some(_) => name.to_owned(),
    }
}

/// The page of an account.
pub(super) fn account_path(id: &str) -> String {
    format!("/administration/accounts/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, logins: &[&str]) -> String {
        account_name(&wire::Account {
            account_id: "0190c3a5".to_owned(),
            display_name: name.to_owned(),
            logins: logins.iter().map(ToString::to_string).collect(),
            ..wire::Account::default()
        })
    }

    #[test]
    fn an_account_is_called_by_its_name_and_login_or_by_what_there_is() {
        assert_eq!(named("Zoe Meyer", &["zoe", "zoe@acme.example"]), "Zoe Meyer (zoe)");
        assert_eq!(named("zoe", &["zoe"]), "zoe");
        assert_eq!(named("", &["zoe"]), "zoe");
        assert_eq!(named("Zoe Meyer", &[]), "Zoe Meyer");
        assert_eq!(named("", &[]), "0190c3a5");
    }
}
