//! Groups: making them, and who is in them.
//!
//! Who is in a group says who may reset a password themselves, so putting an account into one, or taking it out, is an act on
//! that account: it must be in the administrator's reach, and is never their own.

use rekey_primitives::id::{AccountId, RequestId, TenantId};

use super::Directory;
use crate::domain::audit::{EventKind, Subject};
use crate::domain::authority::{Needs, Permission};
use crate::domain::group::{Group, GroupChange, GroupId, ListedMember, Member};
use crate::domain::refusal::Refusal;
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Administrator, Error, Repeatable, Rpc};
use crate::store::accounts::AccountKey;
use crate::store::groups::{ChangeGroup, GroupRefused};
use crate::tokens::{AskedPage, List, Page};
use crate::views::GroupView;

const CREATE: Rpc = Rpc { name: "CreateGroup", event: EventKind::GroupChanged };
const DELETE: Rpc = Rpc { name: "DeleteGroup", event: EventKind::GroupChanged };
// Whoever reads leaves no event but a denial.
const GET: Rpc = Rpc { name: "GetGroup", event: EventKind::PermissionDenied };
const LIST: Rpc = Rpc { name: "ListGroups", event: EventKind::PermissionDenied };
const LIST_MEMBERS: Rpc = Rpc { name: "ListGroupMembers", event: EventKind::PermissionDenied };

/// What it takes to change a group or who is in it.
const CHANGING: Permission = Permission::ManageGroups;

/// What it takes to see which groups there are: a policy names them. Who is in them is the directory's alone. What is named as missing is
/// the second.
pub(crate) const READING: Needs = Needs::Either(Permission::ManagePolicy, Permission::ReadDirectory);

/// What it takes to see who is in a group, by the group or by the account.
const READING_MEMBERS: Permission = Permission::ReadDirectory;

/// A group of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupName {
    pub tenant_id: TenantId,
    pub group_id: GroupId,
}

/// An account whose groups are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupsOf {
    pub tenant_id: TenantId,
    pub account_id: AccountId,
    /// For a backend in its own name: whether its entry allows to list members, which tells the same.
    pub may_list_members: bool,
}

/// What an administrator does to a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupEdit {
    pub name: GroupName,
    pub change: GroupChange,
    pub request_id: RequestId,
}

impl GroupEdit {
    fn rpc(&self) -> Rpc {
        let name = match self.change {
            GroupChange::Rename { .. } => "UpdateGroup",
            GroupChange::Add(_) => "AddGroupMembers",
            GroupChange::Remove(_) => "RemoveGroupMembers",
        };
        Rpc { name, event: EventKind::GroupChanged }
    }

    fn members(&self) -> &[Member] {
        match &self.change {
            GroupChange::Rename { .. } => &[],
            GroupChange::Add(members) | GroupChange::Remove(members) => members,
        }
    }

    /// What was done, for the log.
    fn said(&self) -> String {
        let what = match self.change {
            GroupChange::Rename { .. } => "renamed",
            GroupChange::Add(_) => "members_added",
            GroupChange::Remove(_) => "members_removed",
        };
        format!("{what}: {}", self.name.group_id)
    }

    /// What a repeat asks again.
    fn content(&self) -> Vec<Vec<u8>> {
        let mut content = vec![self.name.group_id.as_uuid().as_bytes().to_vec()];
        if let GroupChange::Rename { display_name, version } = &self.change {
            content.push(display_name.as_bytes().to_vec());
            content.push(version.unwrap_or(0).to_be_bytes().to_vec());
        }
        content.extend(self.members().iter().map(|member| {
            let kind = u8::from(matches!(member, Member::Group(_)));
            [&[kind], member.as_uuid().as_bytes().as_slice()].concat()
        }));
        content
    }
}

impl Directory {
    /// Creates a group without members.
    pub(crate) async fn create_group(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        display_name: &str,
        request_id: RequestId,
    ) -> Result<GroupView, Error> {
        let operation = self.authorisation.operation(CREATE, administrator, tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, CHANGING).await?;
        let who = administrator.name();
        let named = Request { who: &who, id: request_id, content: &[display_name.as_bytes()] };
        let operation = self.idempotency.named(operation, named);
        let work = self.create_group_once(&operation, display_name);
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn create_group_once(
        &self,
        operation: &Repeatable<'_>,
        display_name: &str,
    ) -> Result<Answer<GroupView>, Error> {
        let group = Group {
            id: GroupId::generate(&*self.entropy, operation.now),
            tenant_id: operation.scope.tenant_id(),
            display_name: display_name.to_owned(),
            created_at: operation.now,
            updated_at: operation.now,
            version: 1,
        };
        let event = self.audit.event(operation).because(format!("created: {}", group.id)).done();
        let answering = self.idempotency.answering(operation.key, |group: &Group| GroupView::from(group));
        let step = self.store.create_group(&operation.scope, &group, &event, answering.once()).await?;
        answering.settle(step)?.map_err(|()| Refusal::TenantNotFound.into())
    }

    /// Shows a group.
    pub(crate) async fn get_group(
        &self,
        administrator: &Administrator,
        name: GroupName,
    ) -> Result<GroupView, Error> {
        let operation = self.authorisation.operation(GET, administrator, name.tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, READING).await?;
        let found = self.store.find_group(&operation.scope, name.group_id).await?;
        Ok(GroupView::from(&found.ok_or(Refusal::GroupNotFound)?))
    }

    /// Lists a tenant's groups, oldest first.
    pub(crate) async fn list_groups(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        asked: &AskedPage,
    ) -> Result<Page<GroupView>, Error> {
        let operation = self.authorisation.operation(LIST, administrator, tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, READING).await?;
        let tenant = tenant_id.as_uuid();
        let list = List { name: "groups", arguments: &[tenant.as_bytes()] };
        let after = self.tokens.page_begins_after(list, asked, operation.now)?;
        let read = self.store.lagging().list_groups(&operation.scope, after, asked.limit()).await?;
        let read = read.iter().map(GroupView::from).collect();
        Ok(self.tokens.page(list, asked, read, |group| group.group_id, operation.now))
    }

    /// Lists the groups that an account is in, through any nesting, oldest first.
    pub(crate) async fn list_groups_of(
        &self,
        administrator: &Administrator,
        of: GroupsOf,
        asked: &AskedPage,
    ) -> Result<Page<GroupView>, Error> {
        let operation = self
            .authorisation
            .operation(LIST, administrator, of.tenant_id)?
            .on(Subject::Account(of.account_id));
        self.authorisation.authorise_in_tenant(&operation, administrator, READING_MEMBERS).await?;
        if administrator.person.is_none() && !of.may_list_members {
            self.authorisation.note_denied(&operation, "members");
            return Err(Refusal::CallerNotAllowed { missing: "methods" }.into());
        }
        let (tenant, account) = (of.tenant_id.as_uuid(), of.account_id.as_uuid());
        let list = List { name: "groups of an account", arguments: &[tenant.as_bytes(), account.as_bytes()] };
        let after = self.tokens.page_begins_after(list, asked, operation.now)?;
        let found = self.store.find_account(&operation.scope, &AccountKey::Id(of.account_id)).await?;
        found.ok_or(Refusal::AccountNotFound)?;
        let read = self.store.list_groups_of(&operation.scope, of.account_id, after, asked.limit()).await?;
        let read = read.iter().map(GroupView::from).collect();
        Ok(self.tokens.page(list, asked, read, |group| group.group_id, operation.now))
    }

    /// Lists who is directly in a group, by id.
    pub(crate) async fn list_group_members(
        &self,
        administrator: &Administrator,
        name: GroupName,
        asked: &AskedPage,
    ) -> Result<Page<ListedMember>, Error> {
        let operation = self.authorisation.operation(LIST_MEMBERS, administrator, name.tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, READING_MEMBERS).await?;
        let (tenant, group) = (name.tenant_id.as_uuid(), name.group_id.as_uuid());
        let list = List { name: "group members", arguments: &[tenant.as_bytes(), group.as_bytes()] };
        let after = self.tokens.page_begins_after(list, asked, operation.now)?;
        self.store.find_group(&operation.scope, name.group_id).await?.ok_or(Refusal::GroupNotFound)?;
        let read = self.store.list_members(&operation.scope, name.group_id, after, asked.limit()).await?;
        Ok(self.tokens.page(list, asked, read, |member| member.id, operation.now))
    }

    /// Changes a group or who is in it: all of it, or nothing.
    pub(crate) async fn edit_group(
        &self,
        administrator: &Administrator,
        edit: &GroupEdit,
    ) -> Result<GroupView, Error> {
        let operation = self.authorisation.operation(edit.rpc(), administrator, edit.name.tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, CHANGING).await?;
        let (who, content) = (administrator.name(), edit.content());
        let content: Vec<&[u8]> = content.iter().map(Vec::as_slice).collect();
        let named = Request { who: &who, id: edit.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        let work = self.edit_group_once(&operation, administrator, edit);
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn edit_group_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        edit: &GroupEdit,
    ) -> Result<Answer<GroupView>, Error> {
        for member in edit.members() {
            let Member::Account(id) = member else { continue };
            let account = self.store.find_account(&operation.scope, &AccountKey::Id(*id)).await?;
            let account = account.ok_or(Refusal::AccountNotFound)?;
            let needs = Needs::This(CHANGING);
            self.authorisation.authorise(operation, administrator, &account, needs).await?;
        }
        let accounts = edit.members().iter().filter_map(|member| match member {
            Member::Account(id) => Some(*id),
            Member::Group(_) => None,
        });
        let change = ChangeGroup {
            group_id: edit.name.group_id,
            change: edit.change.clone(),
            event: self.audit.event(operation).because(edit.said()).about(accounts).done(),
            now: operation.now,
        };
        let answering = self.idempotency.answering(operation.key, |group: &Group| GroupView::from(group));
        let step = self.store.change_group(&operation.scope, &change, answering.once()).await?;
        answering.settle(step)?.map_err(|refused| published(refused).into())
    }

    /// Deletes a group, not its members. What was cut off half way leaves it with fewer, and the next call goes on.
    pub(crate) async fn delete_group(
        &self,
        administrator: &Administrator,
        name: GroupName,
        request_id: RequestId,
    ) -> Result<(), Error> {
        let operation = self.authorisation.operation(DELETE, administrator, name.tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, CHANGING).await?;
        let (who, group) = (administrator.name(), name.group_id.as_uuid());
        let named = Request { who: &who, id: request_id, content: &[group.as_bytes()] };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run(&operation, self.delete_group_once(&operation, name.group_id)).await
    }

    async fn delete_group_once(
        &self,
        operation: &Repeatable<'_>,
        group: GroupId,
    ) -> Result<Answer<()>, Error> {
        // A step for each portion, so that a large group holds nobody up for long.
        while self.store.empty_group(&operation.scope, group).await?.map_err(published)? > 0 {}
        let event = self.audit.event(operation).because(format!("deleted: {group}")).done();
        let answering = self.idempotency.answering(operation.key, |(): &()| ());
        let step = self.store.delete_group(&operation.scope, group, &event, answering.once()).await?;
        answering.settle(step)?.map_err(|refused| published(refused).into())
    }
}

fn published(refused: GroupRefused) -> Refusal {
    match refused {
        GroupRefused::Unknown => Refusal::GroupNotFound,
        GroupRefused::UnknownAccount => Refusal::AccountNotFound,
        GroupRefused::Stale => Refusal::EtagMismatch,
        GroupRefused::NotNested(not_nested) => not_nested.into(),
        GroupRefused::InPolicy => Refusal::GroupInPolicy,
    }
}
