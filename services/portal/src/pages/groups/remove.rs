//! "Take the chosen out": whoever was ticked is named, and taken out by the button behind that. Both are answers of one address.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;

use super::super::account_names::AccountNames;
use super::super::sentences::{refusal, sentence};
use super::members::{ACCOUNT_BOX, GROUP_BOX};
use super::one::{Mistake, page};
use super::{KEEPERS, find, path};
use crate::peers::PeerError;
use crate::view::{Confirmation, Problem, SURE};
use crate::web::{Content, Fault, Member, Place, PostedFields};
use crate::words::filled;

/// Who was ticked, by their ids.
struct Chosen {
    accounts: Vec<String>,
    groups: Vec<String>,
}

pub(super) async fn remove(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (group, words) = (find(&member, &id).await?, &member.visit.texts().groups);
    let owned = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect::<Vec<String>>();
    let chosen = Chosen { accounts: owned(fields.all(ACCOUNT_BOX)), groups: owned(fields.all(GROUP_BOX)) };
    let count = chosen.accounts.len() + chosen.groups.len();
    if count == 0 {
        return back(&member, &group, words.nobody_chosen.clone()).await;
    }
    if !fields.is_on(SURE.0) {
        return ask(&member, &group, &chosen).await;
    }
    let request = wire::RemoveGroupMembersRequest {
        tenant_id: member.tenant().to_string(),
        group_id: group.group_id.clone(),
        account_ids: chosen.accounts,
        member_group_ids: chosen.groups,
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let Err(status) = GroupServiceClient::new(member.identity()).remove_group_members(request).await else {
        let said = filled(&filled(&words.removed, "count", count), "group", &group.display_name);
        return member.visit.redirect_saying(&path(&group.group_id), &said);
    };
    let text = sentence(&member.visit, &refusal(PeerError::from(status))?)?;
    back(&member, &group, text).await
}

/// The group as it is, and why nobody was taken out.
async fn back(member: &Member, group: &wire::Group, text: String) -> Result<Response, Fault> {
    page(member, group, Some(Mistake { problem: Problem { field: None, text }, typed: "" })).await
}

/// The question, which names whom it is about.
async fn ask(member: &Member, group: &wire::Group, chosen: &Chosen) -> Result<Response, Fault> {
    if !member.has_any(KEEPERS) {
        return Err(Fault::NotAllowed);
    }
    let visit = &member.visit;
    let words = &visit.texts().groups;
    let (names, action) = (names(member, chosen).await?, format!("{}/remove", path(&group.group_id)));
    let accounts = chosen.accounts.iter().map(|id| (ACCOUNT_BOX, id.as_str()));
    let groups = chosen.groups.iter().map(|id| (GROUP_BOX, id.as_str()));
    let fields: Vec<(&str, &str)> = accounts.chain(groups).chain([SURE]).collect();
    let button = filled(&words.remove, "group", &group.display_name);
    let body = visit.confirmation(Confirmation {
        text: &filled(&words.remove_says, "group", &group.display_name),
        subjects: &names,
        action: &action,
        hidden: visit.hidden(&action)?,
        fields: &fields,
        questions: None,
        button: &button,
        is_loss: true,
        back: &path(&group.group_id),
    })?;
    member.page(Place::Groups, Content::new(&button, body))
}

/// What the chosen are called. One that is gone since goes by its id, and stops nobody else's removal.
async fn names(member: &Member, chosen: &Chosen) -> Result<Vec<String>, Fault> {
    let accounts = AccountNames::of(member, chosen.accounts.clone()).await;
    let mut names: Vec<String> = chosen.accounts.iter().map(|id| accounts.name(id).to_owned()).collect();
    for id in &chosen.groups {
        names.push(match find(member, id).await {
            Ok(group) => group.display_name,
            Err(Fault::NotFound) => id.clone(),
            Err(fault) => return Err(fault),
        });
    }
    Ok(names)
}
