//! Changing what an account is called and how it is kept. Of two who change it at once the second is told.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::field_mask;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::account_lifecycle_service_client::AccountLifecycleServiceClient;

use super::super::account_names::account_path;
use super::access::ACCOUNTS;
use super::form::{Draft, lines, problems};
use super::{EDIT_PAGE, find, page_path, together};
use crate::view::{Problem, Values};
use crate::web::{Content, Fault, Member, Place, PostedFields};

/// The version that was changed.
const ETAG: &str = "etag";

pub(super) async fn show(member: Member, Path(id): Path<String>) -> Result<Response, Fault> {
    if !member.has_any(ACCOUNTS) {
        return Err(Fault::NotAllowed);
    }
    let account = find(&member, &id, "").await?;
    let draft = Draft {
        logins: account.logins.join("\n"),
        display_name: account.display_name.clone(),
        external_id: account.external_id.clone(),
        must_change_password: account.must_change_password,
        managed_elsewhere: account.managed_elsewhere,
    };
    page(&member, &account, &draft, Vec::new())
}

pub(super) async fn save(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let visit = &member.visit;
    let account = find(&member, &id, "").await?;
    let draft = Draft::typed(&fields);
    let missing = draft.problems(visit);
    if !missing.is_empty() {
        return page(&member, &account, &draft, missing);
    }
    let request = wire::UpdateAccountRequest {
        tenant_id: member.tenant().to_string(),
        account_id: account.account_id.clone(),
        etag: fields.text(ETAG).to_owned(),
        update_mask: Some(field_mask([
            "logins",
            "display_name",
            "external_id",
            "must_change_password",
            "managed_elsewhere",
        ])),
        logins: lines(&draft.logins),
        display_name: draft.display_name.clone(),
        external_id: draft.external_id.clone(),
        must_change_password: draft.must_change_password,
        managed_elsewhere: draft.managed_elsewhere,
        request_id: fields.request_id()?,
        context: member.context(),
    };
    match AccountLifecycleServiceClient::new(member.identity()).update_account(request).await {
        Ok(_) => visit.redirect_saying(&account_path(&account.account_id), &visit.texts().accounts.saved),
        Err(status) => {
            let problems = problems(visit, status)?;
            page(&member, &account, &draft, problems)
        }
    }
}

/// The form. What was typed over an older version is shown over the one of now, so that sending it again is a decision.
fn page(
    member: &Member,
    account: &wire::Account,
    draft: &Draft,
    problems: Vec<Problem>,
) -> Result<Response, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().accounts;
    let action = page_path(&account.account_id, EDIT_PAGE);
    let mut fields = draft.names(visit, &problems)?;
    fields.extend(draft.switches(visit)?);
    let values = Values::default()
        .text("action", &action)
        .html("hidden", visit.hidden(&action)?)
        .optional(ETAG, Some(&account.etag))
        .html("fields", together(visit, fields)?)
        .text("button", &visit.words().save)
        .text("back", &account_path(&account.account_id));
    let body = visit.body("accounts_form", values)?;
    let title = format!("{}: {}", words.edit, account.display_name);
    member.page(Place::Accounts, Content { problems, ..Content::new(&title, body) })
}
