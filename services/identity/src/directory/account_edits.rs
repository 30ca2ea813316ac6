//! Changing an account's own data.
//!
//! Other logins void open resets and leave sessions alone: a reset began under a name, which may be somebody else's by now, but a
//! session is of the account, whatever it is called. What was counted under a login that goes (locks, familiar places) goes with
//! it.

use rekey_primitives::id::RequestId;

use super::Directory;
use crate::domain::account::Account;
use crate::domain::account_edit::{AccountEdit, EditedAccount};
use crate::domain::audit::{EventKind, Subject};
use crate::domain::authority::{Needs, Permission};
use crate::domain::refusal::Refusal;
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Administrator, Error, Failed, JUDGED_AT_MOST, Operation, Repeatable, Rpc, Target};
use crate::store::accounts::{AccountKey, AccountTaken, EditAccount, EditRefused};
use crate::views::AccountView;

const UPDATE: Rpc = Rpc { name: "UpdateAccount", event: EventKind::AccountUpdated };

/// What it takes to change, delete or bring back an account.
pub(super) const CHANGING: Permission = Permission::ManageAccounts;

/// What to change of which account.
#[derive(Debug, Clone)]
pub(crate) struct EditTarget {
    pub target: Target,
    /// The version it was read in; `None` for whatever it is now.
    pub version: Option<i64>,
    pub edit: AccountEdit,
}

impl EditTarget {
    pub(crate) const fn request_id(&self) -> RequestId {
        self.target.request_id
    }

    /// What a repeat has again, field by field with its length, so that no two edits are alike.
    fn content(&self) -> Vec<Vec<u8>> {
        let AccountEdit { logins, display_name, external_id, must_change_password, managed_elsewhere } =
            &self.edit;
        let flag = |flag: &Option<bool>| flag.map_or(vec![], |flag| vec![u8::from(flag)]);
        let text = |text: Option<&str>| text.map_or(vec![], |text| [b"=", text.as_bytes()].concat());
        let external_id = external_id.as_ref().map(|id| id.as_deref().unwrap_or_default());
        let count = logins.as_ref().map_or(u64::MAX, |logins| logins.len() as u64);
        let mut content = vec![
            self.target.account_id.as_uuid().as_bytes().to_vec(),
            self.version.unwrap_or(i64::MIN).to_be_bytes().to_vec(),
            text(display_name.as_deref()),
            text(external_id),
            flag(must_change_password),
            flag(managed_elsewhere),
            count.to_be_bytes().to_vec(),
        ];
        content.extend(logins.iter().flatten().map(|login| login.as_str().as_bytes().to_vec()));
        content
    }
}

impl Directory {
    /// Changes an account, if the administrator may; gives it as it is then. A change of nothing writes nothing.
    pub(crate) async fn update_account(
        &self,
        administrator: &Administrator,
        edit: &EditTarget,
    ) -> Result<AccountView, Error> {
        let operation = self
            .authorisation
            .operation(UPDATE, administrator, edit.target.tenant_id)?
            .on(Subject::Account(edit.target.account_id));
        self.authorisation.authorise_in_tenant(&operation, administrator, CHANGING).await?;
        let (who, content) = (administrator.name(), edit.content());
        let content: Vec<&[u8]> = content.iter().map(Vec::as_slice).collect();
        let named = Request { who: &who, id: edit.request_id(), content: &content };
        let operation = self.idempotency.named(operation, named);
        let work = self.update_account_once(&operation, administrator, edit);
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn update_account_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        edit: &EditTarget,
    ) -> Result<Answer<AccountView>, Error> {
        for _ in 0..JUDGED_AT_MOST {
            let account =
                self.account_to_change(operation, administrator, &edit.target, edit.version).await?;
            let edited = edit.edit.apply(&account)?;
            if edited.changed.is_empty() {
                return Ok(Answer::to_store(AccountView::from(&account)));
            }
            if let Some(answer) = self.write_edit(operation, edited).await? {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }

    /// The account, if there is one in that version and the administrator may change it.
    pub(super) async fn account_to_change(
        &self,
        operation: &Operation<'_>,
        administrator: &Administrator,
        target: &Target,
        version: Option<i64>,
    ) -> Result<Account, Error> {
        let key = AccountKey::Id(target.account_id);
        let found = self.store.find_account(&operation.scope, &key).await?;
        let account = found.ok_or(Refusal::AccountNotFound)?;
        self.authorisation.authorise(operation, administrator, &account, Needs::This(CHANGING)).await?;
        if version.is_some_and(|version| version != account.version) {
            return Err(Refusal::EtagMismatch.into());
        }
        Ok(account)
    }

    /// Writes an edit; `None` if the account has changed and is to be judged anew.
    async fn write_edit(
        &self,
        operation: &Repeatable<'_>,
        edited: EditedAccount,
    ) -> Result<Option<Answer<AccountView>>, Error> {
        let EditedAccount { after, changed, dropped, voids_resets } = edited;
        let keys = &self.credentials.keys;
        let edit = EditAccount {
            dropped: dropped.iter().map(|login| keys.login_key(after.tenant_id, login.as_str())).collect(),
            after,
            voids_resets,
            event: self.audit.event(operation).because(changed.join(" ")).done(),
            now: operation.now,
        };
        let answering =
            self.idempotency.answering(operation.key, |account: &Account| AccountView::from(account));
        let step = self.store.edit_account(&operation.scope, &edit, answering.once()).await?;
        match answering.settle(step)? {
            Ok(answer) => Ok(Some(answer)),
            Err(EditRefused::Stale) => Ok(None),
            Err(EditRefused::Unknown) => Err(Refusal::AccountNotFound.into()),
            Err(EditRefused::Taken(AccountTaken::Login)) => Err(Refusal::LoginTaken.into()),
            Err(EditRefused::Taken(AccountTaken::ExternalId)) => Err(Refusal::ExternalIdTaken.into()),
        }
    }
}

#[cfg(test)]
mod tests;
