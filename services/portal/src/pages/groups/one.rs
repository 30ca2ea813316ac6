//! One group: who is directly in it, and its name.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;

use super::super::refusal_texts::refusal;
use super::list::about_name;
use super::{EDITORS, NAME, find, members, path};
use crate::domain::Refusal;
use crate::peers::PeerError;
use crate::view::{Field, FieldKind, FormProblem, Html, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PostedFields};
use crate::words::interpolate;

/// What was read of the group when the form was shown.
const ETAG: &str = "etag";

/// What was sent to the page and found to be wrong.
pub(super) struct Mistake<'a> {
    pub(super) problem: FormProblem,
    /// What was typed into the field that it is about.
    pub(super) typed: &'a str,
}

impl<'a> Mistake<'a> {
    /// What was typed into a field, where that was the mistake.
    pub(super) fn typed_into(mistake: Option<&Self>, field: &str) -> Option<&'a str> {
        mistake.filter(|mistake| mistake.problem.field == Some(field)).map(|mistake| mistake.typed)
    }
}

pub(super) async fn show(user: CurrentUser, Path(id): Path<String>) -> Result<Response, Fault> {
    let group = find(&user, &id).await?;
    page(&user, &group, None).await
}

pub(super) async fn rename(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (context, typed) = (&user.context, fields.text(NAME));
    let (group, words) = (find(&user, &id).await?, &context.texts().groups);
    if typed.is_empty() {
        let problem = FormProblem::of(NAME, &words.name_missing);
        return page(&user, &group, Some(Mistake { problem, typed })).await;
    }
    let request = wire::UpdateGroupRequest {
        tenant_id: user.tenant().to_string(),
        group_id: group.group_id.clone(),
        etag: fields.text(ETAG).to_owned(),
        update_mask: Some(prost_types::FieldMask { paths: vec!["display_name".to_owned()] }),
        display_name: typed.to_owned(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    let refused = match GroupServiceClient::new(user.identity()).update_group(request).await {
        Ok(_) => {
            let said = interpolate(&words.renamed, "group", typed);
            return context.redirect_with_flash(&path(&group.group_id), &said);
        }
        Err(status) => refusal(PeerError::from(status))?,
    };
    let problem = match &refused {
        // The name of now is shown above, and the field keeps what was typed.
        Refusal::Other(reason, _) if reason == "ETAG_MISMATCH" => {
            FormProblem::of(NAME, &words.changed_meanwhile)
        }
        other => about_name(&user, other)?,
    };
    page(&user, &group, Some(Mistake { problem, typed })).await
}

/// The page of a group, with what went wrong.
pub(super) async fn page(
    user: &CurrentUser,
    group: &wire::Group,
    mistake: Option<Mistake<'_>>,
) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().groups;
    let may_change = user.has_any(EDITORS);
    let values = Values::default().html("members", members::section(user, group, may_change).await?);
    let (add, rename) = if may_change {
        let add = members::add_forms(user, group, mistake.as_ref()).await?;
        (Some(add), Some(rename_form(user, group, mistake.as_ref())?))
    } else {
        (None, None)
    };
    let values = values
        .optional_html("add", add)
        .optional_html("rename", rename)
        .text("delete_path", &format!("{}/delete", path(&group.group_id)))
        .text("delete_link", &interpolate(&words.delete, "group", &group.display_name));
    let body = context.body("groups_one", values)?;
    let problems = mistake.map(|mistake| mistake.problem).into_iter().collect();
    let title = interpolate(&words.title_one, "group", &group.display_name);
    user.page(MenuItem::Groups, PageContent { problems, ..PageContent::new(&title, body) })
}

fn rename_form(
    user: &CurrentUser,
    group: &wire::Group,
    mistake: Option<&Mistake<'_>>,
) -> Result<Html, Fault> {
    let context = &user.context;
    let words = &context.texts().groups;
    let action = format!("{}/name", path(&group.group_id));
    let field = context.field(&Field {
        name: NAME,
        label: &words.name,
        hint: Some(&words.name_hint),
        kind: FieldKind::Text,
        value: Mistake::typed_into(mistake, NAME).unwrap_or(&group.display_name),
        problem: FormProblem::for_field(mistake.map(|mistake| &mistake.problem), NAME),
    })?;
    let values = Values::default()
        .html("hidden", context.hidden_fields(&action)?)
        .text("action", &action)
        .text("etag", &group.etag)
        .html("field", field);
    context.body("groups_rename", values)
}
