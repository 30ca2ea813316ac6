//! Help requests.

use rekey_primitives::id::{AccountId, HelpRequestId, TenantId};
use uuid::Uuid;

use super::{AccountRow, Failure, at, unreadable};
use crate::domain::account::Account;
use crate::domain::help::{HelpRequest, HelpState, Message};

/// A help request. Its columns are named apart from an account's, so that one statement can read both.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct HelpRow {
    help_request_id: Uuid,
    help_tenant_id: Uuid,
    help_account_id: Uuid,
    message: String,
    proved: bool,
    state: String,
    handled_by: Option<Uuid>,
    help_created_at: i64,
    help_updated_at: i64,
    expires_at: i64,
    help_version: i64,
    caller_verified_at: Option<i64>,
}

/// A help request and whose it is.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct HelpRowWithAccount {
    #[sqlx(flatten)]
    help: HelpRow,
    #[sqlx(flatten)]
    account: AccountRow,
}

/// The request that is pending when another one is filed.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct PendingHelp {
    /// Whether it came with a proof.
    pub(in crate::store) proved: bool,
    /// When it expires.
    pub(in crate::store) expires_at: i64,
}

impl HelpRow {
    pub(in crate::store) const fn id(&self) -> Uuid {
        self.help_request_id
    }

    pub(in crate::store) fn request(self) -> Result<HelpRequest, Failure> {
        let torn = || unreadable("a help request");
        Ok(HelpRequest {
            id: HelpRequestId::from_uuid(self.help_request_id),
            tenant_id: TenantId::from_uuid(self.help_tenant_id),
            account_id: AccountId::from_uuid(self.help_account_id),
            message: Message::from_stored(self.message),
            proved: self.proved,
            state: HelpState::parse(&self.state).ok_or_else(torn)?,
            handled_by: self.handled_by.map(AccountId::from_uuid),
            created_at: at(self.help_created_at),
            updated_at: at(self.help_updated_at),
            expires_at: at(self.expires_at),
            version: self.help_version,
            caller_verified_at: self.caller_verified_at.map(at),
        })
    }
}

impl HelpRowWithAccount {
    pub(in crate::store) const fn id(&self) -> Uuid {
        self.help.id()
    }

    pub(in crate::store) fn parts(self) -> Result<(HelpRequest, Account), Failure> {
        Ok((self.help.request()?, self.account.account()?))
    }
}
