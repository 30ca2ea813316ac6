//! The groups of a tenant, oldest first, and a new one.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;

use super::super::listing::{PAGE, next_page, time_cell};
use super::super::sentences::{refusal, sentence};
use super::{KEEPERS, NAME, path};
use crate::domain::Refusal;
use crate::peers::{PeerError, PeerFailure};
use crate::view::{Cell, Field, FieldKind, Html, Problem, Table, Values};
use crate::web::{Content, Fault, Member, Place, PostedFields};
use crate::words::filled;

const ROWS: i32 = 50;

pub(super) async fn show(member: Member) -> Result<Response, Fault> {
    page(&member, "", None).await
}

pub(super) async fn create(member: Member, fields: PostedFields) -> Result<Response, Fault> {
    let (visit, name) = (&member.visit, fields.text(NAME));
    let words = &visit.texts().groups;
    if name.is_empty() {
        return page(&member, name, Some(Problem::of(NAME, &words.name_missing))).await;
    }
    let request = wire::CreateGroupRequest {
        tenant_id: member.tenant().to_string(),
        display_name: name.to_owned(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    match GroupServiceClient::new(member.identity()).create_group(request).await {
        Ok(created) => {
            let group = created.into_inner().group;
            let group = group.ok_or_else(|| PeerFailure::unclear("the group is missing"))?;
            let said = filled(&words.created, "group", &group.display_name);
            visit.redirect_saying(&path(&group.group_id), &said)
        }
        Err(status) => {
            let problem = about_name(&member, &refusal(PeerError::from(status))?)?;
            page(&member, name, Some(problem)).await
        }
    }
}

/// What is wrong with a name.
pub(super) fn about_name(member: &Member, refused: &Refusal) -> Result<Problem, Fault> {
    let visit = &member.visit;
    let text = match refused {
        Refusal::FieldInvalid(_) => visit.texts().groups.name_invalid.clone(),
        other => sentence(visit, other)?,
    };
    Ok(Problem::of(NAME, text))
}

async fn page(member: &Member, typed: &str, problem: Option<Problem>) -> Result<Response, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().groups;
    let request = wire::ListGroupsRequest {
        tenant_id: member.tenant().to_string(),
        page_size: ROWS,
        page_token: visit.query(PAGE),
        context: member.context(),
        member_account_id: String::new(),
    };
    let may_create = member.has_any(KEEPERS);
    let listed = GroupServiceClient::new(member.identity()).list_groups(request).await?.into_inner();
    let table = visit.table(Table {
        caption: &words.title,
        columns: &[&words.name, &words.created_at, &words.changed_at],
        rows: listed.groups.iter().map(row).collect(),
        empty: if may_create { &words.none } else { &words.none_to_see },
        next: next_page(Place::Groups.path(), &[], &listed.next_page_token),
    })?;
    let create = if may_create {
        Some(create_form(member, typed, Problem::beside(problem.as_ref(), NAME))?)
    } else {
        None
    };
    let values = Values::default().html("table", table).optional_html("create", create);
    let body = visit.body("groups_list", values)?;
    let problems = problem.into_iter().collect();
    member.page(Place::Groups, Content { problems, ..Content::new(&words.title, body) })
}

fn row(group: &wire::Group) -> Vec<Cell> {
    vec![
        Cell::Link { path: path(&group.group_id), text: group.display_name.clone() },
        time_cell(group.create_time.as_ref()),
        time_cell(group.update_time.as_ref()),
    ]
}

fn create_form(member: &Member, typed: &str, problem: Option<&str>) -> Result<Html, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().groups;
    let field = visit.field(&Field {
        name: NAME,
        label: &words.name,
        hint: Some(&words.name_hint),
        kind: FieldKind::Text,
        value: typed,
        problem,
    })?;
    let values = Values::default().html("hidden", visit.hidden(Place::Groups.path())?).html("field", field);
    visit.body("groups_create", values)
}
