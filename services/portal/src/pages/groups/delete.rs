//! "Delete the group": its members stay. One that the policy names stays itself.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;

use super::super::sentences::{refusal, sentence};
use super::{KEEPERS, find, path};
use crate::domain::Refusal;
use crate::peers::PeerError;
use crate::view::{Confirmation, Problem};
use crate::web::{Content, Fault, Member, Place, PostedFields};
use crate::words::filled;

pub(super) async fn show(member: Member, Path(id): Path<String>) -> Result<Response, Fault> {
    let group = find(&member, &id).await?;
    if !member.has_any(KEEPERS) {
        return Err(Fault::NotAllowed);
    }
    page(&member, &group, None)
}

pub(super) async fn delete(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (group, words) = (find(&member, &id).await?, &member.visit.texts().groups);
    let request = wire::DeleteGroupRequest {
        tenant_id: member.tenant().to_string(),
        group_id: group.group_id.clone(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let refused = match GroupServiceClient::new(member.identity()).delete_group(request).await {
        Ok(_) => {
            let said = filled(&words.deleted, "group", &group.display_name);
            return member.visit.redirect_saying(Place::Groups.path(), &said);
        }
        Err(status) => refusal(PeerError::from(status))?,
    };
    let text = match &refused {
        Refusal::Other(reason, _) if reason == "GROUP_IN_POLICY" => words.in_policy.clone(),
        other => sentence(&member.visit, other)?,
    };
    page(&member, &group, Some(Problem { field: None, text }))
}

fn page(member: &Member, group: &wire::Group, problem: Option<Problem>) -> Result<Response, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().groups;
    let back = path(&group.group_id);
    let action = format!("{back}/delete");
    let delete = filled(&words.delete, "group", &group.display_name);
    let body = visit.confirmation(Confirmation {
        text: &filled(&words.delete_says, "group", &group.display_name),
        subjects: &[],
        action: &action,
        hidden: visit.hidden(&action)?,
        fields: &[],
        questions: None,
        button: &delete,
        is_loss: true,
        back: &back,
    })?;
    let problems = problem.into_iter().collect();
    member.page(Place::Groups, Content { problems, ..Content::new(&delete, body) })
}
