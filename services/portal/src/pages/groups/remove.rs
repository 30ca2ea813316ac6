//! "Take the chosen out": whoever was ticked is named, and taken out by the button behind that. Both are answers of one address.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;

use super::super::account_names::AccountNames;
use super::super::refusal_texts::{refusal, refusal_text};
use super::members::{ACCOUNT_BOX, GROUP_BOX};
use super::one::{Mistake, page};
use super::{EDITORS, find, path};
use crate::peers::PeerError;
use crate::view::{CONFIRMED, Confirmation, FormProblem};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PostedFields};
use crate::words::interpolate;

/// Who was ticked, by their ids.
struct Chosen {
    accounts: Vec<String>,
    groups: Vec<String>,
}

pub(super) async fn remove(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (group, words) = (find(&user, &id).await?, &user.context.texts().groups);
    let owned = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect::<Vec<String>>();
    let chosen = Chosen { accounts: owned(fields.all(ACCOUNT_BOX)), groups: owned(fields.all(GROUP_BOX)) };
    let count = chosen.accounts.len() + chosen.groups.len();
    if count == 0 {
        return back(&user, &group, words.nobody_chosen.clone()).await;
    }
    if !fields.is_on(CONFIRMED.0) {
        return ask(&user, &group, &chosen).await;
    }
    let request = wire::RemoveGroupMembersRequest {
        tenant_id: user.tenant().to_string(),
        group_id: group.group_id.clone(),
        account_ids: chosen.accounts,
        member_group_ids: chosen.groups,
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    let Err(status) = GroupServiceClient::new(user.identity()).remove_group_members(request).await else {
        let said = interpolate(&interpolate(&words.removed, "count", count), "group", &group.display_name);
        return user.context.redirect_with_flash(&path(&group.group_id), &said);
    };
    let text = refusal_text(&user.context, &refusal(PeerError::from(status))?)?;
    back(&user, &group, text).await
}

/// The group as it is, and why nobody was taken out.
async fn back(user: &CurrentUser, group: &wire::Group, text: String) -> Result<Response, Fault> {
    page(user, group, Some(Mistake { problem: FormProblem { field: None, text }, typed: "" })).await
}

/// The question, which names whom it is about.
async fn ask(user: &CurrentUser, group: &wire::Group, chosen: &Chosen) -> Result<Response, Fault> {
    if !user.has_any(EDITORS) {
        return Err(Fault::NotAllowed);
    }
    let context = &user.context;
    let words = &context.texts().groups;
    let (names, action) = (names(user, chosen).await?, format!("{}/remove", path(&group.group_id)));
    let accounts = chosen.accounts.iter().map(|id| (ACCOUNT_BOX, id.as_str()));
    let groups = chosen.groups.iter().map(|id| (GROUP_BOX, id.as_str()));
    let fields: Vec<(&str, &str)> = accounts.chain(groups).chain([CONFIRMED]).collect();
    let button = interpolate(&words.remove, "group", &group.display_name);
    let body = context.confirmation(Confirmation {
        text: &interpolate(&words.remove_says, "group", &group.display_name),
        subjects: &names,
        action: &action,
        hidden: context.hidden_fields(&action)?,
        fields: &fields,
        extra_fields: None,
        button: &button,
        is_loss: true,
        back: &path(&group.group_id),
    })?;
    user.page(MenuItem::Groups, PageContent::new(&button, body))
}

/// What the chosen are called. One that is gone since goes by its id, and stops nobody else's removal.
async fn names(user: &CurrentUser, chosen: &Chosen) -> Result<Vec<String>, Fault> {
    let accounts = AccountNames::of(user, chosen.accounts.clone()).await;
    let mut names: Vec<String> = chosen.accounts.iter().map(|id| accounts.name(id).to_owned()).collect();
    for id in &chosen.groups {
        names.push(match find(user, id).await {
            Ok(group) => group.display_name,
            Err(Fault::NotFound) => id.clone(),
            Err(fault) => return Err(fault),
        });
    }
    Ok(names)
}
