//! One group: who is directly in it, and its name.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;

use super::super::sentences::refusal;
use super::list::about_name;
use super::{KEEPERS, NAME, find, members, path};
use crate::domain::Refusal;
use crate::peers::PeerError;
use crate::view::{Field, FieldKind, Html, Problem, Values};
use crate::web::{Content, Fault, Member, Place, PostedFields};
use crate::words::filled;

/// What was read of the group when the form was shown.
const ETAG: &str = "etag";

/// What was sent to the page and found to be wrong.
pub(super) struct Mistake<'a> {
    pub(super) problem: Problem,
    /// What was typed into the field that it is about.
    pub(super) typed: &'a str,
}

impl<'a> Mistake<'a> {
    /// What was typed into a field, where that was the mistake.
    pub(super) fn typed_into(mistake: Option<&Self>, field: &str) -> Option<&'a str> {
        mistake.filter(|mistake| mistake.problem.field == Some(field)).map(|mistake| mistake.typed)
    }
}

pub(super) async fn show(member: Member, Path(id): Path<String>) -> Result<Response, Fault> {
    let group = find(&member, &id).await?;
    page(&member, &group, None).await
}

pub(super) async fn rename(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (visit, typed) = (&member.visit, fields.text(NAME));
    let (group, words) = (find(&member, &id).await?, &visit.texts().groups);
    if typed.is_empty() {
        let problem = Problem::of(NAME, &words.name_missing);
        return page(&member, &group, Some(Mistake { problem, typed })).await;
    }
    let request = wire::UpdateGroupRequest {
        tenant_id: member.tenant().to_string(),
        group_id: group.group_id.clone(),
        etag: fields.text(ETAG).to_owned(),
        update_mask: Some(prost_types::FieldMask { paths: vec!["display_name".to_owned()] }),
        display_name: typed.to_owned(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let refused = match GroupServiceClient::new(member.identity()).update_group(request).await {
        Ok(_) => {
            let said = filled(&words.renamed, "group", typed);
            return visit.redirect_saying(&path(&group.group_id), &said);
        }
        Err(status) => refusal(PeerError::from(status))?,
    };
    let problem = match &refused {
        // The name of now is shown above, and the field keeps what was typed.
        Refusal::Other(reason, _) if reason == "ETAG_MISMATCH" => Problem::of(NAME, &words.changed_meanwhile),
        other => about_name(&member, other)?,
    };
    page(&member, &group, Some(Mistake { problem, typed })).await
}

/// The page of a group, with what went wrong.
pub(super) async fn page(
    member: &Member,
    group: &wire::Group,
    mistake: Option<Mistake<'_>>,
) -> Result<Response, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().groups;
    let may_change = member.has_any(KEEPERS);
    let values = Values::default().html("members", members::section(member, group, may_change).await?);
    let (add, rename) = if may_change {
        let add = members::add_forms(member, group, mistake.as_ref()).await?;
        (Some(add), Some(rename_form(member, group, mistake.as_ref())?))
    } else {
        (None, None)
    };
    let values = values
        .optional_html("add", add)
        .optional_html("rename", rename)
        .text("delete_path", &format!("{}/delete", path(&group.group_id)))
        .text("delete_link", &filled(&words.delete, "group", &group.display_name));
    let body = visit.body("groups_one", values)?;
    let problems = mistake.map(|mistake| mistake.problem).into_iter().collect();
    let title = filled(&words.title_one, "group", &group.display_name);
    member.page(Place::Groups, Content { problems, ..Content::new(&title, body) })
}

fn rename_form(member: &Member, group: &wire::Group, mistake: Option<&Mistake<'_>>) -> Result<Html, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().groups;
    let action = format!("{}/name", path(&group.group_id));
    let field = visit.field(&Field {
        name: NAME,
        label: &words.name,
        hint: Some(&words.name_hint),
        kind: FieldKind::Text,
        value: Mistake::typed_into(mistake, NAME).unwrap_or(&group.display_name),
        problem: Problem::beside(mistake.map(|mistake| &mistake.problem), NAME),
    })?;
    let values = Values::default()
        .html("hidden", visit.hidden(&action)?)
        .text("action", &action)
        .text("etag", &group.etag)
        .html("field", field);
    visit.body("groups_rename", values)
}
