//! Groups and who is in them.
//!
//! Who puts one group into another holds the tenant, so that two at once cannot close a circle.

use rekey_database::{Connection, FOR_UPDATE, Fragment, fragment, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};
use uuid::Uuid;

use super::accounts::changes;
use super::columns::POLICY_COLUMNS;
use super::rows::{PolicyRow, ReadablePage, at};
use super::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};
use crate::domain::audit::AuditEvent;
use crate::domain::group::{
    Group, GroupChange, GroupId, ListedMember, Member, NESTING_MAX, Nesting, NotNested,
};
use crate::domain::scope::TenantScope;

/// How many members a step that empties a group takes out: tens of milliseconds.
const EMPTIED_AT_ONCE: i64 = 5_000;

/// A change of a group, with everything that belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct ChangeGroup {
    pub(crate) group_id: GroupId,
    pub(crate) change: GroupChange,
    pub(crate) event: AuditEvent,
    pub(crate) now: Timestamp,
}

/// Why a group was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupRefused {
    /// No such group in the tenant, or no group that was to be put in.
    Unknown,
    /// No account that was to be put in.
    UnknownAccount,
    /// It changed since its version was read.
    Stale,
    NotNested(NotNested),
    /// The policy in force names it.
    InPolicy,
}

#[derive(sqlx::FromRow)]
struct GroupRow {
    group_id: Uuid,
    tenant_id: Uuid,
    display_name: String,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    member_id: Uuid,
    nested: bool,
    display_name: String,
}

impl GroupRow {
    const fn id(&self) -> Uuid {
        self.group_id
    }

    fn group(self) -> Group {
        Group {
            id: GroupId::from_uuid(self.group_id),
            tenant_id: TenantId::from_uuid(self.tenant_id),
            display_name: self.display_name,
            created_at: at(self.created_at),
            updated_at: at(self.updated_at),
            version: self.version,
        }
    }
}

/// The group that a walk begins at, or the account.
const FIRST: Fragment = fragment!((postgres: "$2::uuid", sqlite: "$2"));

const COLUMNS: Fragment =
    fragment!("select group_id, tenant_id, display_name, created_at, updated_at, version from groups");

const LEVEL_ONE: Fragment = fragment!((postgres: "1::bigint", sqlite: "1"));

/// Every group inside the first, with its level.
const INSIDE: Fragment = fragment!(
    "with recursive walked (group_id, level) as (
         select ",
    FIRST,
    ", ",
    LEVEL_ONE,
    "
         union
         select m.member_id, w.level + 1 from walked w
         join group_members m on m.tenant_id = $1 and m.group_id = w.group_id and m.nested
         where w.level < $3
     ) "
);

/// Every group around the first, with its level.
const AROUND: Fragment = fragment!(
    "with recursive walked (group_id, level) as (
         select ",
    FIRST,
    ", ",
    LEVEL_ONE,
    "
         union
         select m.group_id, w.level + 1 from walked w
         join group_members m on m.tenant_id = $1 and m.member_id = w.group_id
         where w.level < $3
     ) "
);

statements! {
    const THOSE_INSIDE = INSIDE, "select distinct group_id from walked";

    const LEVELS_BELOW = INSIDE, "select max(level) from walked";

    const LEVELS_ABOVE = AROUND, "select max(level) from walked";

    const IS_AROUND = AROUND, "select 1 from walked where group_id = $4";

    const BY_ID = COLUMNS, " where tenant_id = $1 and group_id = $2";

    const PAGE = COLUMNS, " where tenant_id = $1 and group_id > $2 order by group_id limit $3";

    const PAGE_AROUND = AROUND, COLUMNS, "
        where tenant_id = $1 and group_id in (select group_id from walked) and group_id > $4
        order by group_id limit $5";

    const INSERT = "
        insert into groups (tenant_id, group_id, display_name, created_at, updated_at, version)
        select tenant_id, $2, $3, $4, $4, 1 from tenants where tenant_id = $1 and deleted_at is null";

    const VERSION = "select version from groups where tenant_id = $1 and group_id = $2", FOR_UPDATE;

    const CHANGE = "
        update groups set display_name = coalesce($3, display_name), version = version + 1, updated_at = $4
        where tenant_id = $1 and group_id = $2";

    const ADD_ACCOUNT = "
        insert into group_members (tenant_id, member_id, group_id)
        select tenant_id, account_id, $3 from accounts
        where tenant_id = $1 and account_id = $2 and deleted_at is null
        on conflict do nothing";

    const IS_ACCOUNT = "select 1 from accounts where tenant_id = $1 and account_id = $2 and deleted_at is null";

    const ADD_GROUP = "
        insert into group_members (tenant_id, member_id, group_id, nested) values ($1, $2, $3, true)
        on conflict do nothing";

    const TAKE_OUT = "delete from group_members where tenant_id = $1 and member_id = $2 and group_id = $3";

    const POLICY =
        "select ", POLICY_COLUMNS, " from policies p where p.tenant_id = $1 order by p.version desc limit 1";

    const EMPTY = "
        delete from group_members where tenant_id = $1 and group_id = $2 and member_id in (
            select member_id from group_members where tenant_id = $1 and group_id = $2 order by member_id limit $3
        )";

    const LEAVE = "delete from group_members where tenant_id = $1 and member_id = $2";

    const DELETE = "delete from groups where tenant_id = $1 and group_id = $2";

    const MEMBERS = "
        select m.member_id, m.nested, coalesce(a.display_name, g.display_name, '') as display_name
        from group_members m
        left join accounts a on a.tenant_id = m.tenant_id and a.account_id = m.member_id
        left join groups g on g.tenant_id = m.tenant_id and g.group_id = m.member_id
        where m.tenant_id = $1 and m.group_id = $2 and m.member_id > $3 and a.deleted_at is null
        order by m.member_id limit $4";
}

impl Store {
    /// Creates a group; refused where there is no such tenant.
    pub(crate) async fn create_group(
        &self,
        scope: &TenantScope,
        group: &Group,
        event: &AuditEvent,
        idempotency: IdempotentRequest<'_, Group>,
    ) -> Result<StepOutcome<Group, ()>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), Some(&idempotency));
        let create = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim(&mut tx, tenant_id, idempotency, group.created_at).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            let values = values![tenant_id, group.id.as_uuid(), &group.display_name, group.created_at];
            if tx.execute(INSERT, values).await? != 1 {
                return Ok(tx.roll_back(StepOutcome::Refused(())));
            }
            idempotency::store_answer(&mut tx, tenant_id, idempotency, group).await?;
            audit::append(&mut tx, event).await?;
            Ok(tx.commit(StepOutcome::Done(group.clone())))
        });
        create.await
    }

    /// Finds a group.
    pub(crate) async fn find_group(
        &self,
        scope: &TenantScope,
        id: GroupId,
    ) -> Result<Option<Group>, Failure> {
        let found: Option<GroupRow> =
            self.database.optional(BY_ID, values![scope.tenant_id(), id.as_uuid()]).await?;
        Ok(found.map(GroupRow::group))
    }

    /// Lists groups by id, so oldest first.
    pub(crate) async fn list_groups(
        &self,
        scope: &TenantScope,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Group>, Failure> {
        let mut page = ReadablePage::behind(after.unwrap_or(Uuid::nil()), limit);
        while let Some(wanted) = page.wanted() {
            let values = values![scope.tenant_id(), page.after, wanted];
            page.take(self.database.all(PAGE, values).await?, GroupRow::id, |row| Ok(row.group()));
        }
        Ok(page.into_items())
    }

    /// Lists the groups that an account is in, through any nesting, by id, so oldest first.
    pub(crate) async fn list_groups_of(
        &self,
        scope: &TenantScope,
        account: AccountId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Group>, Failure> {
        let after = after.unwrap_or(Uuid::nil());
        // The account is the first level of the walk, and no group.
        let levels = i64::from(NESTING_MAX) + 1;
        let values = values![scope.tenant_id(), account.as_uuid(), levels, after, limit];
        let found: Vec<GroupRow> = self.database.all(PAGE_AROUND, values).await?;
        Ok(found.into_iter().map(GroupRow::group).collect())
    }

    /// Lists who is directly in a group, by id, without deleted accounts.
    pub(crate) async fn list_members(
        &self,
        scope: &TenantScope,
        group: GroupId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<ListedMember>, Failure> {
        let after = after.unwrap_or(Uuid::nil());
        let values = values![scope.tenant_id(), group.as_uuid(), after, limit];
        let found: Vec<MemberRow> = self.database.all(MEMBERS, values).await?;
        let listed = |row: MemberRow| {
            let MemberRow { member_id, nested, display_name } = row;
            ListedMember { id: member_id, is_group: nested, display_name }
        };
        Ok(found.into_iter().map(listed).collect())
    }

    /// Changes a group or its members: all of it, or nothing.
    pub(crate) async fn change_group(
        &self,
        scope: &TenantScope,
        change: &ChangeGroup,
        idempotency: IdempotentRequest<'_, Group>,
    ) -> Result<StepOutcome<Group, GroupRefused>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), Some(&idempotency));
        let make = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim(&mut tx, tenant_id, idempotency, change.now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            if let Err(refused) = apply(&mut tx, tenant_id, change).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(refused)));
            }
            let values = values![tenant_id, change.group_id.as_uuid()];
            let group = tx.one::<GroupRow>(BY_ID, values).await?.group();
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &group).await?;
            audit::append(&mut tx, &change.event).await?;
            Ok(tx.commit(StepOutcome::Done(group)))
        });
        make.await
    }

    /// Takes members out of a group that is about to be deleted, some at a time; how many went. One that the policy names is
    /// refused.
    pub(crate) async fn empty_group(
        &self,
        scope: &TenantScope,
        group: GroupId,
    ) -> Result<Result<u64, GroupRefused>, Failure> {
        let tenant_id = scope.tenant_id();
        let empty = self.database.step(|mut tx| async move {
            if let Err(refused) = is_free(&mut tx, tenant_id, group).await? {
                return Ok(tx.roll_back(Err(refused)));
            }
            let gone = tx.execute(EMPTY, values![tenant_id, group.as_uuid(), EMPTIED_AT_ONCE]).await?;
            Ok(tx.commit(Ok(gone)))
        });
        empty.await
    }

    /// Deletes a group with what little is left in it, and takes it out of others.
    pub(crate) async fn delete_group(
        &self,
        scope: &TenantScope,
        group: GroupId,
        event: &AuditEvent,
        idempotency: IdempotentRequest<'_, ()>,
    ) -> Result<StepOutcome<(), GroupRefused>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), Some(&idempotency));
        let delete = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim(&mut tx, tenant_id, idempotency, event.at).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            if let Err(refused) = is_free(&mut tx, tenant_id, group).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(refused)));
            }
            let values = values![tenant_id, group.as_uuid()];
            while tx.execute(EMPTY, values![tenant_id, group.as_uuid(), EMPTIED_AT_ONCE]).await? > 0 {}
            tx.execute(LEAVE, values).await?;
            tx.execute(DELETE, values).await?;
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &()).await?;
            audit::append(&mut tx, event).await?;
            Ok(tx.commit(StepOutcome::Done(())))
        });
        delete.await
    }
}

/// A group with every group inside it, as deep as nesting is followed.
pub(super) async fn with_those_inside(
    store: &Store,
    scope: &TenantScope,
    group: GroupId,
) -> Result<Vec<Uuid>, Failure> {
    let values = values![scope.tenant_id(), group.as_uuid(), i64::from(NESTING_MAX)];
    let found: Vec<(Uuid,)> = store.database.all(THOSE_INSIDE, values).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

async fn apply(
    tx: &mut Connection,
    tenant_id: TenantId,
    change: &ChangeGroup,
) -> Result<Result<(), GroupRefused>, Failure> {
    let group = change.group_id.as_uuid();
    changes::lock_tenant(tx, tenant_id).await?;
    let found: Option<(i64,)> = tx.optional(VERSION, values![tenant_id, group]).await?;
    let Some((version,)) = found else { return Ok(Err(GroupRefused::Unknown)) };
    let mut name = None;
    match &change.change {
        GroupChange::Rename { display_name, version: read } => {
            if read.is_some_and(|read| read != version) {
                return Ok(Err(GroupRefused::Stale));
            }
            name = Some(display_name.as_str());
        }
        GroupChange::Add(members) => {
            for member in members {
                if let Err(refused) = add(tx, tenant_id, change.group_id, *member).await? {
                    return Ok(Err(refused));
                }
            }
        }
        GroupChange::Remove(members) => {
            for member in members {
                tx.execute(TAKE_OUT, values![tenant_id, member.as_uuid(), group]).await?;
            }
        }
    }
    tx.execute(CHANGE, values![tenant_id, group, name, change.now]).await?;
    Ok(Ok(()))
}

async fn add(
    tx: &mut Connection,
    tenant_id: TenantId,
    group: GroupId,
    member: Member,
) -> Result<Result<(), GroupRefused>, Failure> {
    let (id, outer) = (member.as_uuid(), group.as_uuid());
    if let Member::Account(_) = member {
        let added = tx.execute(ADD_ACCOUNT, values![tenant_id, id, outer]).await? == 1;
        let is_there = added || tx.exists(IS_ACCOUNT, values![tenant_id, id]).await?;
        return Ok(if is_there { Ok(()) } else { Err(GroupRefused::UnknownAccount) });
    }
    if tx.optional::<GroupRow>(BY_ID, values![tenant_id, id]).await?.is_none() {
        return Ok(Err(GroupRefused::Unknown));
    }
    let most = i64::from(NESTING_MAX);
    let nesting = Nesting {
        closes_a_circle: tx.exists(IS_AROUND, values![tenant_id, outer, most, id]).await?,
        levels_above: levels(tx.scalar(LEVELS_ABOVE, values![tenant_id, outer, most]).await?),
        levels_below: levels(tx.scalar(LEVELS_BELOW, values![tenant_id, id, most]).await?),
    };
    if let Err(not_nested) = nesting.judge() {
        return Ok(Err(GroupRefused::NotNested(not_nested)));
    }
    tx.execute(ADD_GROUP, values![tenant_id, id, outer]).await?;
    Ok(Ok(()))
}

fn levels(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Whether the group is there and no policy in force names it. Who looks holds the group until the step ends.
async fn is_free(
    tx: &mut Connection,
    tenant_id: TenantId,
    group: GroupId,
) -> Result<Result<(), GroupRefused>, Failure> {
    changes::lock_tenant(tx, tenant_id).await?;
    if !tx.exists(VERSION, values![tenant_id, group.as_uuid()]).await? {
        return Ok(Err(GroupRefused::Unknown));
    }
    let row: Option<PolicyRow> = tx.optional(POLICY, values![tenant_id]).await?;
    let policy = row.map(PolicyRow::revision).transpose()?;
    let is_named = policy
        .is_some_and(|revision| revision.policy.reset.enabled_scope.groups().any(|named| named == group));
    Ok(if is_named { Err(GroupRefused::InPolicy) } else { Ok(()) })
}
