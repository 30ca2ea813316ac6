//! "Delete the group": its members stay. One that the policy names stays itself.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;

use super::super::refusal_texts::{refusal, refusal_text};
use super::{EDITORS, find, path};
use crate::domain::Refusal;
use crate::peers::PeerError;
use crate::view::{Confirmation, FormProblem};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PostedFields};
use crate::words::interpolate;

pub(super) async fn show(user: CurrentUser, Path(id): Path<String>) -> Result<Response, Fault> {
    let group = find(&user, &id).await?;
    if !user.has_any(EDITORS) {
        return Err(Fault::NotAllowed);
    }
    page(&user, &group, None)
}

pub(super) async fn delete(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (group, words) = (find(&user, &id).await?, &user.context.texts().groups);
    let request = wire::DeleteGroupRequest {
        tenant_id: user.tenant().to_string(),
        group_id: group.group_id.clone(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    let refused = match GroupServiceClient::new(user.identity()).delete_group(request).await {
        Ok(_) => {
            let said = interpolate(&words.deleted, "group", &group.display_name);
            return user.context.redirect_with_flash(MenuItem::Groups.path(), &said);
        }
        Err(status) => refusal(PeerError::from(status))?,
    };
    let text = match &refused {
        Refusal::Other(reason, _) if reason == "GROUP_IN_POLICY" => words.in_policy.clone(),
        other => refusal_text(&user.context, other)?,
    };
    page(&user, &group, Some(FormProblem { field: None, text }))
}

fn page(user: &CurrentUser, group: &wire::Group, problem: Option<FormProblem>) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().groups;
    let back = path(&group.group_id);
    let action = format!("{back}/delete");
    let delete = interpolate(&words.delete, "group", &group.display_name);
    let body = context.confirmation(Confirmation {
        text: &interpolate(&words.delete_says, "group", &group.display_name),
        subjects: &[],
        action: &action,
        hidden: context.hidden_fields(&action)?,
        fields: &[],
        extra_fields: None,
        button: &delete,
        is_loss: true,
        back: &back,
    })?;
    let problems = problem.into_iter().collect();
    user.page(MenuItem::Groups, PageContent { problems, ..PageContent::new(&delete, body) })
}
