//! Finding accounts: an index gives their ids in order, a portion at a time, and each is judged by the filter.
//!
//! No statement here reads a table from end to end, and no call looks at more than [`LOOKED_AT_MOST`] accounts: what is left is
//! for the next page, which is why a page may come short.

pub(super) mod names;

use std::collections::{HashMap, HashSet};

use rekey_database::{Fragment, Sql, fragment, statements, values};
use rekey_primitives::id::AccountId;
use uuid::Uuid;

use super::columns::{ACCOUNT_COLUMNS, LISTED, OF_LIVING_TENANT};
use super::groups;
use super::rows::{AccountRow, readable};
use super::{Failure, Store};
use crate::domain::account::Account;
use crate::domain::account_filter::{AccountFilter, Lead, Place, SearchCursor};
use crate::domain::scope::TenantScope;

/// How many accounts are read at once: a few milliseconds' worth.
const PORTION: u32 = 250;

/// How many accounts one call looks at. 5,000: about a quarter of a second, well within the 10 s that a call has, and few pages
/// where a filter finds nobody.
const LOOKED_AT_MOST: u32 = 20 * PORTION;

/// How many accounts one statement counts: some milliseconds' worth, so a million takes fifty of them.
const COUNTED_AT_ONCE: u32 = 20_000;

/// Accounts that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundAccounts {
    pub(crate) accounts: Vec<Account>,
    /// Where to go on; `None` when there is nothing left.
    pub(crate) next: Option<SearchCursor>,
}

/// A part of a search.
#[derive(Debug, Clone)]
pub(crate) struct AccountSearch<'a> {
    pub(crate) filter: &'a AccountFilter,
    /// Where the part before ended.
    pub(crate) after: Option<SearchCursor>,
    /// How many are wanted at most.
    pub(crate) limit: u32,
}

/// How many accounts a filter finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AccountCount {
    pub(crate) count: u64,
    /// Counting stopped there.
    pub(crate) is_lower_bound: bool,
}

/// An account that the lead names, and where it stands.
#[derive(sqlx::FromRow)]
struct Candidate {
    account_id: Uuid,
    text_key: String,
    activity: i64,
}

/// Compared byte by byte.
const BYTES: Fragment = fragment!((postgres: " collate \"C\"", sqlite: ""));

const ADDRESS: Fragment = fragment!((postgres: "lower(address collate \"C\")", sqlite: "lower(address)"));

/// What stands where a lead has no text and no activity.
const BY_ID: Fragment = fragment!("account_id, '' as text_key, ", NO_ACTIVITY);

const NO_ACTIVITY: Fragment = fragment!((postgres: "0::bigint as activity", sqlite: "0 as activity"));

const AFTER_ID: Fragment = fragment!(" and account_id > $2 order by account_id limit $3");

/// The groups of a list of ids.
const IN_GROUPS: Fragment =
    fragment!((postgres: "= any($3)", sqlite: "in (select unhex(value) from json_each($3))"));

statements! {
    pub(super) const EVERYONE = "
        select ", BY_ID, " from accounts where tenant_id = $1 and deleted_at is null", AFTER_ID;

    pub(super) const ADMINISTRATORS = "
        select ", BY_ID, " from accounts where tenant_id = $1 and roles <> 0", AFTER_ID;

    pub(super) const STOPPED = "
        select ", BY_ID, " from accounts where tenant_id = $1 and (blocked or frozen)", AFTER_ID;

    pub(super) const DELETED = "
        select ", BY_ID, " from accounts where tenant_id = $1 and deleted_at is not null", AFTER_ID;

    pub(super) const WITH_METHOD = "
        select distinct ", BY_ID, " from security_info where tenant_id = $1 and kind = $4", AFTER_ID;

    pub(super) const BY_LOGIN = "
        select account_id, login as text_key, ", NO_ACTIVITY, " from logins
        where tenant_id = $1 and login", BYTES, " >= $4 and login", BYTES, " < $5
          and (login", BYTES, ", account_id) > ($4, $2)
        order by login", BYTES, ", account_id limit $3";

    pub(super) const BY_NAME = "
        select account_id, name_key as text_key, ", NO_ACTIVITY, " from accounts
        where tenant_id = $1 and name_key >= $4 and name_key < $5 and (name_key, account_id) > ($4, $2)
        order by name_key, account_id limit $3";

    pub(super) const BY_SURNAME = "
        select account_id, surname_key as text_key, ", NO_ACTIVITY, " from accounts
        where tenant_id = $1 and surname_key >= $4 and surname_key < $5 and (surname_key, account_id) > ($4, $2)
        order by surname_key, account_id limit $3";

    pub(super) const BY_ADDRESS = "
        select account_id, ", ADDRESS, " as text_key, ", NO_ACTIVITY, " from security_info
        where tenant_id = $1 and address is not null and ", ADDRESS, " >= $4 and ", ADDRESS, " < $5
          and (", ADDRESS, ", account_id) > ($4, $2)
        order by ", ADDRESS, ", account_id limit $3";

    pub(super) const BY_ACTIVITY = "
        select account_id, '' as text_key, activity_at as activity from last_sign_ins
        where tenant_id = $1 and activity_at >= $4 and activity_at <= $5 and (activity_at, account_id) > ($4, $2)
        order by activity_at, account_id limit $3";

    /// Of each group only what a portion can take, however large it is. SQLite, whose tenants are small, sorts them all.
    pub(super) const MEMBERS = (postgres: "
        select distinct member_id as account_id, '' as text_key, 0::bigint as activity
        from unnest($4::uuid[]) as listed (group_id)
        cross join lateral (
            select m.member_id from group_members m
            where m.tenant_id = $1 and m.group_id = listed.group_id and m.member_id > $2
            order by m.member_id limit $3
        ) listed_members
        order by member_id limit $3",
    sqlite: "
        select distinct member_id as account_id, '' as text_key, 0 as activity from group_members
        where tenant_id = $1 and group_id in (select unhex(value) from json_each($4)) and member_id > $2
        order by member_id limit $3");

    pub(super) const AMONG_MEMBERS = "
        select distinct member_id from group_members
        where tenant_id = $1 and member_id ", LISTED, " and group_id ", IN_GROUPS;

    pub(super) const GROUPS_OF = "
        select member_id, group_id from group_members where tenant_id = $1 and member_id ", LISTED, " order by group_id";

    pub(super) const ACCOUNTS =
        "select ", ACCOUNT_COLUMNS, " from accounts a where a.tenant_id = $1 and a.account_id ", LISTED, "", OF_LIVING_TENANT;

    /// The last of a portion of those who are not deleted, from the index that holds nobody else.
    pub(super) const PORTION_END = "
        select created_at, account_id from accounts where tenant_id = $1 and deleted_at is null
          and (created_at, account_id) > ($2, $3) order by created_at, account_id limit 1 offset $4";

    /// How many are left behind the last whole portion.
    pub(super) const COUNT_REST = "
        select count(*) from (
            select 1 from accounts where tenant_id = $1 and deleted_at is null and (created_at, account_id) > ($2, $3)
            order by created_at, account_id limit $4
        ) rest";
}

/// A search under way.
struct Walk<'a> {
    store: &'a Store,
    scope: &'a TenantScope,
    filter: &'a AccountFilter,
    /// The group with those inside it, where one is looked for.
    groups: Option<Vec<Uuid>>,
    at: SearchCursor,
    is_over: bool,
}

impl Store {
    /// Finds accounts, in the order of what leads. The part may come short, or empty, though there is more.
    pub(crate) async fn search_accounts(
        &self,
        scope: &TenantScope,
        search: &AccountSearch<'_>,
    ) -> Result<FoundAccounts, Failure> {
        let mut walk = Walk::begin(self, scope, search.filter, search.after.clone()).await?;
        let (mut accounts, mut looked_at) = (Vec::new(), 0);
        let wanted = usize::try_from(search.limit).unwrap_or(usize::MAX);
        while !walk.is_over && looked_at < LOOKED_AT_MOST && accounts.len() < wanted {
            for (at, account) in walk.portion().await? {
                accounts.push(account);
                if accounts.len() == wanted {
                    return Ok(FoundAccounts { accounts, next: Some(at) });
                }
            }
            looked_at += PORTION;
        }
        let next = (!walk.is_over).then_some(walk.at);
        Ok(FoundAccounts { accounts, next })
    }

    /// Counts accounts: all of a tenant, or those that a filter finds among the first [`LOOKED_AT_MOST`] that lead to them.
    pub(crate) async fn count_accounts(
        &self,
        scope: &TenantScope,
        filter: &AccountFilter,
    ) -> Result<AccountCount, Failure> {
        if filter.is_empty() {
            return self.count_everyone(scope).await;
        }
        let mut walk = Walk::begin(self, scope, filter, None).await?;
        let (mut count, mut looked_at) = (0, 0);
        while !walk.is_over && looked_at < LOOKED_AT_MOST {
            count += walk.portion().await?.len() as u64;
            looked_at += PORTION;
        }
        Ok(AccountCount { count, is_lower_bound: !walk.is_over })
    }
}

impl Store {
    /// The groups that these accounts are in themselves.
    pub(crate) async fn groups_of(
        &self,
        scope: &TenantScope,
        accounts: &[Uuid],
    ) -> Result<HashMap<Uuid, Vec<Uuid>>, Failure> {
        let values = values![scope.tenant_id(), accounts.to_vec()];
        let found: Vec<(Uuid, Uuid)> = self.database.all(GROUPS_OF, values).await?;
        let mut groups: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for (account, group) in found {
            groups.entry(account).or_default().push(group);
        }
        Ok(groups)
    }

    /// A portion of the index at a time, so that no statement is long. Who is created meanwhile comes last, so nobody counts twice.
    async fn count_everyone(&self, scope: &TenantScope) -> Result<AccountCount, Failure> {
        let (tenant_id, portion) = (scope.tenant_id(), i64::from(COUNTED_AT_ONCE));
        let (mut count, mut at) = (0, (i64::MIN, Uuid::nil()));
        loop {
            let values = values![tenant_id, at.0, at.1, portion - 1];
            let Some(end) = self.database.optional::<(i64, Uuid)>(PORTION_END, values).await? else { break };
            (count, at) = (count + portion.unsigned_abs(), end);
        }
        let rest: i64 = self.database.scalar(COUNT_REST, values![tenant_id, at.0, at.1, portion]).await?;
        Ok(AccountCount { count: count + rest.unsigned_abs(), is_lower_bound: false })
    }
}

impl<'a> Walk<'a> {
    async fn begin(
        store: &'a Store,
        scope: &'a TenantScope,
        filter: &'a AccountFilter,
        after: Option<SearchCursor>,
    ) -> Result<Self, Failure> {
        let groups = match filter.group {
            Some(group) => Some(groups::with_those_inside(store, scope, group).await?),
            None => None,
        };
        let at = after.unwrap_or_else(|| filter.start());
        Ok(Self { store, scope, filter, groups, at, is_over: false })
    }

    /// Those who are found among the next accounts, each with where it stands.
    async fn portion(&mut self) -> Result<Vec<(SearchCursor, Account)>, Failure> {
        let candidates = self.candidates().await?;
        let found = self.judged(&candidates).await?;
        if let Some(last) = candidates.last() {
            self.at = self.behind(last);
        }
        if candidates.len() < PORTION as usize {
            match self.filter.after_stage(&self.at) {
                Some(next) => self.at = next,
                None => self.is_over = true,
            }
        }
        Ok(found)
    }

    fn behind(&self, candidate: &Candidate) -> SearchCursor {
        let id = AccountId::from_uuid(candidate.account_id);
        self.at.behind(candidate.text_key.clone(), candidate.activity, id)
    }

    async fn candidates(&self) -> Result<Vec<Candidate>, Failure> {
        let (database, tenant_id) = (&self.store.database, self.scope.tenant_id());
        let SearchCursor { text, activity, account_id, .. } = &self.at;
        let by_id =
            |sql: Sql| async move { database.all(sql, values![tenant_id, *account_id, PORTION]).await };
        match self.filter.lead(&self.at) {
            Lead::Everyone => by_id(EVERYONE).await,
            Lead::Administrators => by_id(ADMINISTRATORS).await,
            Lead::Stopped => by_id(STOPPED).await,
            Lead::Deleted => by_id(DELETED).await,
            Lead::Prefix(place) => {
                let sql = match place {
                    Place::Login => BY_LOGIN,
                    Place::Name => BY_NAME,
                    Place::Surname => BY_SURNAME,
                    Place::Address => BY_ADDRESS,
                };
                // No text goes further than the last code point.
                let end = format!("{}\u{10ffff}", self.filter.prefix.as_deref().unwrap_or_default());
                let values = values![tenant_id, *account_id, PORTION, text.as_str(), end];
                database.all(sql, values).await
            }
            Lead::Members => {
                let groups = self.groups.clone().unwrap_or_default();
                database.all(MEMBERS, values![tenant_id, *account_id, PORTION, groups]).await
            }
            Lead::Activity => {
                let end = *self.filter.activities().end();
                let values = values![tenant_id, *account_id, PORTION, *activity, end];
                database.all(BY_ACTIVITY, values).await
            }
            Lead::Method => {
                let kind = self.filter.method.map_or("", |kind| kind.as_str());
                database.all(WITH_METHOD, values![tenant_id, *account_id, PORTION, kind]).await
            }
        }
    }

    async fn judged(&self, candidates: &[Candidate]) -> Result<Vec<(SearchCursor, Account)>, Failure> {
        let ids: Vec<Uuid> = candidates.iter().map(|candidate| candidate.account_id).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let values = values![self.scope.tenant_id(), ids.clone()];
        let rows: Vec<AccountRow> = self.store.database.all(ACCOUNTS, values).await?;
        let members = self.members_among(&ids).await?;
        let accounts: HashMap<Uuid, Account> = readable(rows, AccountRow::id, AccountRow::account)
            .into_iter()
            .map(|account| (account.id.as_uuid(), account))
            .collect();
        let found = candidates.iter().filter_map(|candidate| {
            let account = accounts.get(&candidate.account_id)?;
            let at = self.behind(candidate);
            let is_member = members.as_ref().is_none_or(|members| members.contains(&candidate.account_id));
            (is_member && self.filter.matches(account, &at)).then(|| (at, account.clone()))
        });
        Ok(found.collect())
    }

    /// Which of these are in the group; `None` where none is asked for, or the members lead.
    async fn members_among(&self, ids: &[Uuid]) -> Result<Option<HashSet<Uuid>>, Failure> {
        let Some(groups) = self.groups.clone().filter(|_| self.filter.lead(&self.at) != Lead::Members) else {
            return Ok(None);
        };
        let values = values![self.scope.tenant_id(), ids.to_vec(), groups];
        let members: Vec<(Uuid,)> = self.store.database.all(AMONG_MEMBERS, values).await?;
        Ok(Some(members.into_iter().map(|(id,)| id).collect()))
    }
}
