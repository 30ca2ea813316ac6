//! `rekey group`: create, list, show, rename, delete, and who is in it.

use std::path::Path;

use anyhow::Context as _;
use rekey_client::Connection;
use rekey_wire::identity::v1::group_member::Member;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;
use rekey_wire::identity::v1::{
    AddGroupMembersRequest, CreateGroupRequest, DeleteGroupRequest, GetGroupRequest, Group, GroupMember,
    ListGroupMembersRequest, ListGroupsRequest, RemoveGroupMembersRequest, UpdateGroupRequest,
};
use serde_json::{Value, json};

use super::account::find;
use crate::arguments::{GroupCommand, InTenant, OnAccount, OnGroup, OnMembers};
use crate::output::{Output, table};
use crate::profile::{Profile, request_id, time};

pub(crate) async fn run(command: GroupCommand, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    let mut client = GroupServiceClient::new(profile.identity()?);
    let group = match command {
        GroupCommand::List { member, tenant } => {
            return list(&profile, client, member, &tenant, output).await;
        }
        GroupCommand::Members(on) => return members(&profile, client, &on, output).await,
        GroupCommand::Delete(on) => return delete(&profile, client, on, output).await,
        GroupCommand::Create { name, tenant } => {
            let tenant_id = profile.tenant(&tenant).await?.tenant_id;
            let request =
                CreateGroupRequest { tenant_id, display_name: name, request_id: request_id(), context: None };
            client.create_group(request).await?.into_inner().group
        }
        GroupCommand::Show(OnGroup { group: group_id, tenant }) => {
            let tenant_id = profile.tenant(&tenant).await?.tenant_id;
            let request = GetGroupRequest { tenant_id, group_id, context: None };
            client.get_group(request).await?.into_inner().group
        }
        GroupCommand::Rename { on: OnGroup { group: group_id, tenant }, name } => {
            let request = UpdateGroupRequest {
                tenant_id: profile.tenant(&tenant).await?.tenant_id,
                group_id,
                etag: String::new(),
                update_mask: Some(rekey_wire::field_mask(["display_name"])),
                display_name: name,
                request_id: request_id(),
                context: None,
            };
            client.update_group(request).await?.into_inner().group
        }
        GroupCommand::Add(members) => {
            let (tenant_id, account_ids) = named(&profile, &members).await?;
            let request = AddGroupMembersRequest {
                tenant_id,
                group_id: members.on.group,
                account_ids,
                member_group_ids: members.groups,
                request_id: request_id(),
                context: None,
            };
            client.add_group_members(request).await?.into_inner().group
        }
        GroupCommand::Remove(members) => {
            let (tenant_id, account_ids) = named(&profile, &members).await?;
            let request = RemoveGroupMembersRequest {
                tenant_id,
                group_id: members.on.group,
                account_ids,
                member_group_ids: members.groups,
                request_id: request_id(),
                context: None,
            };
            client.remove_group_members(request).await?.into_inner().group
        }
    };
    let group = group.context("the answer holds no group")?;
    output.data(&shown(&group), |_| rows(std::slice::from_ref(&group)))
}

/// The tenant, and the ids of the accounts that were named.
async fn named(profile: &Profile, members: &OnMembers) -> anyhow::Result<(String, Vec<String>)> {
    let tenant_id = profile.tenant(&members.on.tenant).await?.tenant_id;
    let mut ids = Vec::new();
    for account in &members.accounts {
        ids.push(account_id(profile, &tenant_id, account.clone()).await?);
    }
    Ok((tenant_id, ids))
}

/// The id of an account that was named by it or by a login.
async fn account_id(profile: &Profile, tenant_id: &str, account: String) -> anyhow::Result<String> {
    let tenant = InTenant { tenant: Some(tenant_id.to_owned()) };
    Ok(find(profile, &OnAccount { account, tenant }).await?.account_id)
}

async fn list(
    profile: &Profile,
    mut client: GroupServiceClient<Connection>,
    member: Option<String>,
    tenant: &InTenant,
    output: Output,
) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(tenant).await?.tenant_id;
    let member_account_id = match member {
        Some(account) => account_id(profile, &tenant_id, account).await?,
        None => String::new(),
    };
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListGroupsRequest {
            tenant_id: tenant_id.clone(),
            page_size: 200,
            page_token,
            context: None,
            member_account_id: member_account_id.clone(),
        };
        let page = client.list_groups(request).await?.into_inner();
        found.extend(page.groups);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let data: Vec<Value> = found.iter().map(shown).collect();
    output.data(&data, |_| rows(&found))
}

async fn members(
    profile: &Profile,
    mut client: GroupServiceClient<Connection>,
    on: &OnGroup,
    output: Output,
) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(&on.tenant).await?.tenant_id;
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let (tenant_id, group_id) = (tenant_id.clone(), on.group.clone());
        let request =
            ListGroupMembersRequest { tenant_id, group_id, page_size: 200, page_token, context: None };
        let page = client.list_group_members(request).await?.into_inner();
        found.extend(page.members);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let members: Vec<[String; 3]> = found.into_iter().filter_map(member).collect();
    let data: Vec<Value> = members
        .iter()
        .map(|[kind, id, name]| json!({ "kind": kind, "id": id, "display_name": name }))
        .collect();
    output.data(&data, |_| {
        let head = ["KIND", "ID", "NAME"].map(str::to_owned).to_vec();
        table(&std::iter::once(head).chain(members.iter().map(|row| row.to_vec())).collect::<Vec<_>>())
    })
}

async fn delete(
    profile: &Profile,
    mut client: GroupServiceClient<Connection>,
    on: OnGroup,
    output: Output,
) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(&on.tenant).await?.tenant_id;
    let group_id = on.group.clone();
    let request = DeleteGroupRequest { tenant_id, group_id, request_id: request_id(), context: None };
    client.delete_group(request).await?;
    output.data(&json!({ "deleted": on.group }), |_| format!("Deleted: {}.", on.group))
}

fn member(member: GroupMember) -> Option<[String; 3]> {
    let (kind, id) = match member.member? {
        Member::AccountId(id) => ("account", id),
        Member::GroupId(id) => ("group", id),
    };
    Some([kind.to_owned(), id, member.display_name])
}

fn shown(group: &Group) -> Value {
    json!({
        "group_id": group.group_id,
        "tenant_id": group.tenant_id,
        "display_name": group.display_name,
        "etag": group.etag,
        "create_time": group.create_time.map(|at| time(at.seconds)),
        "update_time": group.update_time.map(|at| time(at.seconds)),
    })
}

fn rows(groups: &[Group]) -> String {
    let head = ["GROUP", "NAME"].map(str::to_owned).to_vec();
    let row = |group: &Group| vec![group.group_id.clone(), group.display_name.clone()];
    table(&std::iter::once(head).chain(groups.iter().map(row)).collect::<Vec<_>>())
}
