//! A walk over all accounts of a tenant with what eligibility asks of each, a page at a time: what is held in memory is one
//! page, however many accounts there are.

use std::collections::{BTreeMap, BTreeSet};

use rekey_database::{statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;
use uuid::Uuid;

use crate::domain::account::Account;
use crate::domain::group::{GroupId, NESTING_MAX};
use crate::domain::scope::TenantScope;
use crate::store::rows::at;
use crate::store::{Failure, Store};

/// The account that has the last seat of a tenant: those created later have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seats {
    /// Everybody has one.
    Enough,
    /// Nobody has.
    None,
    /// Down to this account and no further.
    DownTo(Timestamp, AccountId),
}

/// Accounts with their groups.
#[derive(Debug, Default)]
pub(crate) struct WalkedPage {
    pub(crate) accounts: Vec<Account>,
    groups: BTreeMap<AccountId, BTreeSet<GroupId>>,
}

statements! {
    const LICENSED = "select licensed_accounts from tenants where tenant_id = $1";

    const LAST_SEAT = "
        select created_at, account_id from accounts where tenant_id = $1 and deleted_at is null
        order by created_at, account_id limit 1 offset $2";

    /// The groups of every account between two ids, through any nesting.
    const GROUPS_BETWEEN = "
        with recursive walked (member_id, group_id, depth) as (
            select member_id, group_id, 1 from group_members
            where tenant_id = $1 and member_id > $2 and member_id <= $3
            union
            select w.member_id, m.group_id, w.depth + 1 from walked w
            join group_members m on m.tenant_id = $1 and m.member_id = w.group_id
            where w.depth < $4
        )
        select distinct member_id, group_id from walked";
}

impl Seats {
    /// Whether the account has one.
    pub(crate) fn has(self, account: &Account) -> bool {
        match self {
            Self::Enough => true,
            Self::None => false,
            Self::DownTo(created_at, id) => (account.created_at, account.id) <= (created_at, id),
        }
    }
}

impl WalkedPage {
    /// The groups of an account of the page, through any nesting.
    pub(crate) fn groups_of(&self, account: &Account) -> Option<&BTreeSet<GroupId>> {
        self.groups.get(&account.id)
    }
}

impl Store {
    /// Who has a seat. It walks as many entries of an index as there are seats, once for all accounts.
    pub(crate) async fn seats(&self, scope: &TenantScope) -> Result<Seats, Failure> {
        let tenant_id = scope.tenant_id();
        let licensed: Option<(Option<i64>,)> = self.database.optional(LICENSED, values![tenant_id]).await?;
        let Some((Some(licensed),)) = licensed else { return Ok(Seats::Enough) };
        if licensed <= 0 {
            return Ok(Seats::None);
        }
        let last: Option<(i64, Uuid)> =
            self.database.optional(LAST_SEAT, values![tenant_id, licensed - 1]).await?;
        Ok(last.map_or(Seats::Enough, |(created_at, id)| {
            Seats::DownTo(at(created_at), AccountId::from_uuid(id))
        }))
    }

    /// No more than `limit` accounts by id, from behind `after`, with their groups; none when there is none left.
    pub(crate) async fn walk_accounts(
        &self,
        scope: &TenantScope,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<WalkedPage, Failure> {
        let accounts = self.list_accounts(scope, after, limit).await?;
        let Some(last) = accounts.last() else { return Ok(WalkedPage::default()) };
        let after = after.map_or(Uuid::nil(), AccountId::as_uuid);
        let values = values![scope.tenant_id(), after, last.id, i64::from(NESTING_MAX)];
        let found: Vec<(Uuid, Uuid)> = self.database.all(GROUPS_BETWEEN, values).await?;
        let mut groups: BTreeMap<AccountId, BTreeSet<GroupId>> = BTreeMap::new();
        for (member, group) in found {
            groups.entry(AccountId::from_uuid(member)).or_default().insert(GroupId::from_uuid(group));
        }
        Ok(WalkedPage { accounts, groups })
    }
}
