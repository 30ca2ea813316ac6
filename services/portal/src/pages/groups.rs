//! "Groups": the groups of a tenant, and who is in them. Policies and filters go by them.

mod delete;
mod list;
mod members;
mod one;
mod remove;

use axum::Router;
use axum::routing::get;
use rekey_primitives::id::GroupId;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;
use rekey_wire::options::v1::Role;

use crate::peers::PeerFailure;
use crate::web::{CurrentUser, Fault};

/// Who may change groups; whoever looks after accounts may see them.
const EDITORS: &[Role] = &[Role::GlobalAdministrator, Role::UserAdministrator];

/// The field of a group's name.
const NAME: &str = "name";

/// Groups that are read at once: the most that identity gives.
const GROUPS: i32 = 200;
/// So often they are read at most, to find one by its name.
const READS: usize = 5;

/// By address.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/administration/groups", get(list::show).post(list::create))
        .route("/administration/groups/{id}", get(one::show))
        .route("/administration/groups/{id}/name", get(one::show).post(one::rename))
        .route("/administration/groups/{id}/accounts", get(one::show).post(members::add_account))
        .route("/administration/groups/{id}/groups", get(one::show).post(members::add_group))
        .route("/administration/groups/{id}/remove", get(one::show).post(remove::remove))
        .route("/administration/groups/{id}/delete", get(delete::show).post(delete::delete))
}

/// Every group of the tenant; of very many the oldest thousand.
pub(super) async fn all_groups(user: &CurrentUser) -> Result<Vec<wire::Group>, Fault> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    for _ in 0..READS {
        let request = wire::ListGroupsRequest {
            tenant_id: user.tenant().to_string(),
            page_size: GROUPS,
            page_token,
            context: user.request_context(),
            member_account_id: String::new(),
        };
        let listed = GroupServiceClient::new(user.identity()).list_groups(request).await?.into_inner();
        found.extend(listed.groups);
        page_token = listed.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// The page of a group.
pub(super) fn path(id: &str) -> String {
    format!("/administration/groups/{id}")
}

/// The group of an id that came from outside.
pub(super) async fn find(user: &CurrentUser, id: &str) -> Result<wire::Group, Fault> {
    let id = GroupId::parse(id).map_err(|_| Fault::NotFound)?;
    let request = wire::GetGroupRequest {
        tenant_id: user.tenant().to_string(),
        group_id: id.to_string(),
        context: user.request_context(),
    };
    let answer = GroupServiceClient::new(user.identity()).get_group(request).await?;
    answer.into_inner().group.ok_or_else(|| PeerFailure::unexpected("the group is missing").into())
}
