//! `rekey.identity.v1.GroupService`.

use rekey_primitives::id::{AccountId, RequestId};
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::group_service_server::GroupService;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::encode;
use super::refusal::status;
use crate::directory::{Directory, GroupEdit, GroupName, GroupsOf};
use crate::domain::group::{GroupChange, GroupId, ListedMember, MEMBERS_AT_ONCE, Member};
use crate::operation::Context;
use crate::views::GroupView;

/// Whoever may call this knows who is in which group.
const MEMBERS: &str = "/rekey.identity.v1.GroupService/ListGroupMembers";

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct GroupApi {
    pub(super) directory: Directory,
}

/// What a change of members names.
struct SentMembers {
    tenant_id: String,
    group_id: String,
    account_ids: Vec<String>,
    member_group_ids: Vec<String>,
    request_id: String,
    context: Option<wire::RequestContext>,
}

/// Takes the fields that both changes of members have by the same names.
macro_rules! sent_members {
    ($request:ident) => {
        SentMembers {
            tenant_id: $request.tenant_id,
            group_id: $request.group_id,
            account_ids: $request.account_ids,
            member_group_ids: $request.member_group_ids,
            request_id: $request.request_id,
            context: $request.context,
        }
    };
}

impl GroupApi {
    async fn change_members(
        &self,
        asking: &Asking,
        sent: SentMembers,
        change: fn(Vec<Member>) -> GroupChange,
    ) -> Result<Option<wire::Group>, Status> {
        let mut fields = Fields::default();
        let name = fields.group_name(&sent.tenant_id, &sent.group_id);
        let members = fields.members(&sent.account_ids, &sent.member_group_ids);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(asking, sent.context);
        let (edit, context) = fields.finish(|| {
            let edit = GroupEdit { name: name?, change: change(members?), request_id: request_id? };
            Some((edit, context?))
        })?;
        let administrator = asking.administrator(context);
        let changed = self.directory.edit_group(&administrator, &edit).await.map_err(status)?;
        Ok(Some(group(changed)))
    }
}

#[tonic::async_trait]
impl GroupService for GroupApi {
    async fn create_group(
        &self,
        request: Request<wire::CreateGroupRequest>,
    ) -> Result<Response<wire::CreateGroupResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let name = fields.display_name("display_name", &sent.display_name);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let read = fields.finish(|| Some((tenant_id?, name?, request_id?, context?)))?;
        let (tenant_id, name, request_id, context) = read;
        let administrator = asking.administrator(context);
        let created = self.directory.create_group(&administrator, tenant_id, &name, request_id).await;
        Ok(Response::new(wire::CreateGroupResponse { group: Some(group(created.map_err(status)?)) }))
    }

    async fn get_group(
        &self,
        request: Request<wire::GetGroupRequest>,
    ) -> Result<Response<wire::GetGroupResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let name = fields.group_name(&sent.tenant_id, &sent.group_id);
        let context = fields.context(&asking, sent.context);
        let (name, context) = fields.finish(|| Some((name?, context?)))?;
        let administrator = asking.administrator(context);
        let found = self.directory.get_group(&administrator, name).await.map_err(status)?;
        Ok(Response::new(wire::GetGroupResponse { group: Some(group(found)) }))
    }

    async fn list_groups(
        &self,
        request: Request<wire::ListGroupsRequest>,
    ) -> Result<Response<wire::ListGroupsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let member = fields.optional(
            "member_account_id",
            &sent.member_account_id,
            |text| AccountId::parse(text).ok(),
            "a UUID",
        );
        let asked = fields.page(sent.page_size, sent.page_token);
        let context = fields.context(&asking, sent.context);
        let read = fields.finish(|| Some((tenant_id?, member?, asked?, context?)))?;
        let (tenant_id, member, asked, context) = read;
        let may_list_members = asking.may_administer(MEMBERS);
        let administrator = asking.administrator(context);
        let listed = match member {
            None => self.directory.list_groups(&administrator, tenant_id, &asked).await,
            Some(account_id) => {
                let of = GroupsOf { tenant_id, account_id, may_list_members };
                self.directory.list_groups_of(&administrator, of, &asked).await
            }
        };
        let page = listed.map_err(status)?;
        Ok(Response::new(wire::ListGroupsResponse {
            groups: page.items.into_iter().map(group).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn update_group(
        &self,
        request: Request<wire::UpdateGroupRequest>,
    ) -> Result<Response<wire::UpdateGroupResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let name = fields.group_name(&sent.tenant_id, &sent.group_id);
        let version = fields.optional_etag(&sent.etag);
        let mask = sent.update_mask.unwrap_or_default().paths;
        fields.demand(mask == ["display_name"], "update_mask", "`display_name`");
        let display_name = fields.display_name("display_name", &sent.display_name);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (edit, context) = fields.finish(|| {
            let change = GroupChange::Rename { display_name: display_name?, version: version? };
            Some((GroupEdit { name: name?, change, request_id: request_id? }, context?))
        })?;
        let administrator = asking.administrator(context);
        let changed = self.directory.edit_group(&administrator, &edit).await.map_err(status)?;
        Ok(Response::new(wire::UpdateGroupResponse { group: Some(group(changed)) }))
    }

    async fn delete_group(
        &self,
        request: Request<wire::DeleteGroupRequest>,
    ) -> Result<Response<wire::DeleteGroupResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let (name, request_id, context) = deletion(&asking, sent)?;
        let administrator = asking.administrator(context);
        self.directory.delete_group(&administrator, name, request_id).await.map_err(status)?;
        Ok(Response::new(wire::DeleteGroupResponse {}))
    }

    async fn add_group_members(
        &self,
        request: Request<wire::AddGroupMembersRequest>,
    ) -> Result<Response<wire::AddGroupMembersResponse>, Status> {
        let (asking, request) = Asking::open(request)?;
        let group = self.change_members(&asking, sent_members!(request), GroupChange::Add).await?;
        Ok(Response::new(wire::AddGroupMembersResponse { group }))
    }

    async fn remove_group_members(
        &self,
        request: Request<wire::RemoveGroupMembersRequest>,
    ) -> Result<Response<wire::RemoveGroupMembersResponse>, Status> {
        let (asking, request) = Asking::open(request)?;
        let group = self.change_members(&asking, sent_members!(request), GroupChange::Remove).await?;
        Ok(Response::new(wire::RemoveGroupMembersResponse { group }))
    }

    async fn list_group_members(
        &self,
        request: Request<wire::ListGroupMembersRequest>,
    ) -> Result<Response<wire::ListGroupMembersResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let name = fields.group_name(&sent.tenant_id, &sent.group_id);
        let asked = fields.page(sent.page_size, sent.page_token);
        let context = fields.context(&asking, sent.context);
        let (name, asked, context) = fields.finish(|| Some((name?, asked?, context?)))?;
        let administrator = asking.administrator(context);
        let page = self.directory.list_group_members(&administrator, name, &asked).await.map_err(status)?;
        let member = |listed: ListedMember| {
            use wire::group_member::Member;
            let id = listed.id.hyphenated().to_string();
            let member = if listed.is_group { Member::GroupId(id) } else { Member::AccountId(id) };
            wire::GroupMember { member: Some(member), display_name: listed.display_name }
        };
        Ok(Response::new(wire::ListGroupMembersResponse {
            members: page.items.into_iter().map(member).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }
}

impl Fields {
    fn group_name(&mut self, tenant_id: &str, group_id: &str) -> Option<GroupName> {
        let tenant_id = self.tenant_id(tenant_id);
        let group_id = self.take("group_id", GroupId::parse(group_id).ok(), "a UUID");
        Some(GroupName { tenant_id: tenant_id?, group_id: group_id? })
    }

    /// Members to put in or take out, each once.
    fn members(&mut self, accounts: &[String], groups: &[String]) -> Option<Vec<Member>> {
        let count = accounts.len() + groups.len();
        self.demand((1..=MEMBERS_AT_ONCE).contains(&count), "account_ids", "1 to 100 members in all");
        let mut members = Vec::new();
        for (index, text) in accounts.iter().take(MEMBERS_AT_ONCE).enumerate() {
            let id = self.take(format!("account_ids[{index}]"), AccountId::parse(text).ok(), "a UUID");
            members.push(id.map(Member::Account));
        }
        for (index, text) in groups.iter().take(MEMBERS_AT_ONCE).enumerate() {
            let id = self.take(format!("member_group_ids[{index}]"), GroupId::parse(text).ok(), "a UUID");
            members.push(id.map(Member::Group));
        }
        let mut members: Vec<Member> = members.into_iter().collect::<Option<_>>()?;
        members.sort_unstable_by_key(|member| member.as_uuid());
        members.dedup();
        Some(members)
    }
}

fn deletion(
    asking: &Asking,
    sent: wire::DeleteGroupRequest,
) -> Result<(GroupName, RequestId, Context), Status> {
    let mut fields = Fields::default();
    let name = fields.group_name(&sent.tenant_id, &sent.group_id);
    let request_id = fields.request_id(&sent.request_id);
    let context = fields.context(asking, sent.context);
    fields.finish(|| Some((name?, request_id?, context?)))
}

fn group(view: GroupView) -> wire::Group {
    wire::Group {
        group_id: view.group_id.hyphenated().to_string(),
        tenant_id: view.tenant_id.hyphenated().to_string(),
        display_name: view.display_name,
        etag: encode::etag(view.version),
        create_time: Some(rekey_wire::time::timestamp(view.created_at)),
        update_time: Some(rekey_wire::time::timestamp(view.updated_at)),
    }
}
