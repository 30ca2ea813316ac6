//! Groups and who is in them.

use rekey_tests::World;
use rekey_tests::person::request_id;
use rekey_wire::field_mask;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;
use rekey_wire::identity::v1::{
    AddGroupMembersRequest, CreateGroupRequest, DeleteGroupRequest, GetGroupRequest, Group,
    ListGroupMembersRequest, ListGroupsRequest, RemoveGroupMembersRequest, UpdateGroupRequest,
};

use super::Example;
use super::accounts::context;

/// A group that is there.
async fn group(world: &World, name: &str) -> Group {
    let request = create(world, name);
    let mut service = GroupServiceClient::new(world.identity.clone());
    service.create_group(request).await.unwrap().into_inner().group.unwrap()
}

fn create(world: &World, name: &str) -> CreateGroupRequest {
    CreateGroupRequest {
        tenant_id: world.tenant_id.clone(),
        display_name: name.to_owned(),
        request_id: request_id(),
        context: context(),
    }
}

pub(super) async fn examples(world: &World) -> Vec<Example> {
    let (staff, inner, doomed) =
        (group(world, "Staff").await, group(world, "Inner").await, group(world, "Doomed").await);
    let member = world.person("member").await;
    let tenant_id = || world.tenant_id.clone();
    let add = AddGroupMembersRequest {
        tenant_id: tenant_id(),
        group_id: staff.group_id.clone(),
        account_ids: vec![member.account_id.clone()],
        member_group_ids: vec![inner.group_id.clone()],
        request_id: request_id(),
        context: context(),
    };
    let mut service = GroupServiceClient::new(world.identity.clone());
    service.add_group_members(add.clone()).await.unwrap();
    let groups = ListGroupsRequest {
        tenant_id: tenant_id(),
        page_size: 1,
        page_token: String::new(),
        context: context(),
        // One of the RPC's roles may list groups and not who is in them.
        member_account_id: String::new(),
    };
    let page_token = service.list_groups(groups.clone()).await.unwrap().into_inner().next_page_token;
    let groups = ListGroupsRequest { page_token, ..groups };
    let members = ListGroupMembersRequest {
        tenant_id: tenant_id(),
        group_id: staff.group_id.clone(),
        page_size: 1,
        page_token: String::new(),
        context: context(),
    };
    let page_token = service.list_group_members(members.clone()).await.unwrap().into_inner().next_page_token;
    let members = ListGroupMembersRequest { page_token, ..members };
    let remove = RemoveGroupMembersRequest {
        tenant_id: tenant_id(),
        group_id: staff.group_id.clone(),
        account_ids: add.account_ids.clone(),
        member_group_ids: add.member_group_ids.clone(),
        request_id: request_id(),
        context: context(),
    };
    let update = UpdateGroupRequest {
        tenant_id: tenant_id(),
        group_id: doomed.group_id.clone(),
        etag: doomed.etag.clone(),
        update_mask: Some(field_mask(["display_name"])),
        display_name: "Departed".to_owned(),
        request_id: request_id(),
        context: context(),
    };
    let get = GetGroupRequest { tenant_id: tenant_id(), group_id: inner.group_id, context: context() };
    let delete = DeleteGroupRequest {
        tenant_id: tenant_id(),
        group_id: doomed.group_id,
        request_id: request_id(),
        context: context(),
    };
    vec![
        Example::new("/rekey.identity.v1.GroupService/CreateGroup", &create(world, "Board")),
        Example::new("/rekey.identity.v1.GroupService/GetGroup", &get),
        Example::new("/rekey.identity.v1.GroupService/ListGroups", &groups),
        Example::new("/rekey.identity.v1.GroupService/ListGroupMembers", &members),
        Example::new("/rekey.identity.v1.GroupService/AddGroupMembers", &add),
        Example::new("/rekey.identity.v1.GroupService/RemoveGroupMembers", &remove),
        Example::new("/rekey.identity.v1.GroupService/UpdateGroup", &update),
        Example::new("/rekey.identity.v1.GroupService/DeleteGroup", &delete),
    ]
}
