//! The groups of a tenant, oldest first, and a new one.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;

use super::super::listing::{PAGE, next_page, time_cell};
use super::super::refusal_texts::{refusal, refusal_text};
use super::{EDITORS, NAME, path};
use crate::domain::Refusal;
use crate::peers::{PeerError, PeerFailure};
use crate::view::{Cell, Field, FieldKind, FormProblem, Html, Table, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PostedFields};
use crate::words::interpolate;

const ROWS: i32 = 50;

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    page(&user, "", None).await
}

pub(super) async fn create(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    let (context, name) = (&user.context, fields.text(NAME));
    let words = &context.texts().groups;
    if name.is_empty() {
        return page(&user, name, Some(FormProblem::of(NAME, &words.name_missing))).await;
    }
    let request = wire::CreateGroupRequest {
        tenant_id: user.tenant().to_string(),
        display_name: name.to_owned(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    match GroupServiceClient::new(user.identity()).create_group(request).await {
        Ok(created) => {
            let group = created.into_inner().group;
            let group = group.ok_or_else(|| PeerFailure::unexpected("the group is missing"))?;
            let said = interpolate(&words.created, "group", &group.display_name);
            context.redirect_with_flash(&path(&group.group_id), &said)
        }
        Err(status) => {
            let problem = about_name(&user, &refusal(PeerError::from(status))?)?;
            page(&user, name, Some(problem)).await
        }
    }
}

/// What is wrong with a name.
pub(super) fn about_name(user: &CurrentUser, refused: &Refusal) -> Result<FormProblem, Fault> {
    let context = &user.context;
    let text = match refused {
        Refusal::FieldInvalid(_) => context.texts().groups.name_invalid.clone(),
        other => refusal_text(context, other)?,
    };
    Ok(FormProblem::of(NAME, text))
}

async fn page(user: &CurrentUser, typed: &str, problem: Option<FormProblem>) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().groups;
    let request = wire::ListGroupsRequest {
        tenant_id: user.tenant().to_string(),
        page_size: ROWS,
        page_token: context.query(PAGE),
        context: user.request_context(),
        member_account_id: String::new(),
    };
    let may_create = user.has_any(EDITORS);
    let listed = GroupServiceClient::new(user.identity()).list_groups(request).await?.into_inner();
    let table = context.table(Table {
        caption: &words.title,
        columns: &[&words.name, &words.created_at, &words.changed_at],
        rows: listed.groups.iter().map(row).collect(),
        empty: if may_create { &words.none } else { &words.none_to_see },
        next: next_page(MenuItem::Groups.path(), &[], &listed.next_page_token),
    })?;
    let create = if may_create {
        Some(create_form(user, typed, FormProblem::for_field(problem.as_ref(), NAME))?)
    } else {
        None
    };
    let values = Values::default().html("table", table).optional_html("create", create);
    let body = context.body("groups_list", values)?;
    let problems = problem.into_iter().collect();
    user.page(MenuItem::Groups, PageContent { problems, ..PageContent::new(&words.title, body) })
}

fn row(group: &wire::Group) -> Vec<Cell> {
    vec![
        Cell::Link { path: path(&group.group_id), text: group.display_name.clone() },
        time_cell(group.create_time.as_ref()),
        time_cell(group.update_time.as_ref()),
    ]
}

fn create_form(user: &CurrentUser, typed: &str, problem: Option<&str>) -> Result<Html, Fault> {
    let context = &user.context;
    let words = &context.texts().groups;
    let field = context.field(&Field {
        name: NAME,
        label: &words.name,
        hint: Some(&words.name_hint),
        kind: FieldKind::Text,
        value: typed,
        problem,
    })?;
    let values = Values::default()
        .html("hidden", context.hidden_fields(MenuItem::Groups.path())?)
        .html("field", field);
    context.body("groups_create", values)
}
