//! Changing what an account is called and how it is kept. Of two who change it at once the second is told.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::field_mask;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::account_lifecycle_service_client::AccountLifecycleServiceClient;

use super::super::account_names::account_path;
use super::access::ACCOUNTS;
use super::form::{Draft, lines, problems};
use super::{EDIT_PAGE, concatenate, find, page_path};
use crate::view::{FormProblem, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PostedFields};

/// The version that was changed.
const ETAG: &str = "etag";

pub(super) async fn show(user: CurrentUser, Path(id): Path<String>) -> Result<Response, Fault> {
    if !user.has_any(ACCOUNTS) {
        return Err(Fault::NotAllowed);
    }
    let account = find(&user, &id, "").await?;
    let draft = Draft {
        logins: account.logins.join("\n"),
        display_name: account.display_name.clone(),
        external_id: account.external_id.clone(),
        must_change_password: account.must_change_password,
        managed_elsewhere: account.managed_elsewhere,
    };
    page(&user, &account, &draft, Vec::new())
}

pub(super) async fn save(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let context = &user.context;
    let account = find(&user, &id, "").await?;
    let draft = Draft::typed(&fields);
    let missing = draft.problems(context);
    if !missing.is_empty() {
        return page(&user, &account, &draft, missing);
    }
    let request = wire::UpdateAccountRequest {
        tenant_id: user.tenant().to_string(),
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
        context: user.request_context(),
    };
    match AccountLifecycleServiceClient::new(user.identity()).update_account(request).await {
        Ok(_) => {
            context.redirect_with_flash(&account_path(&account.account_id), &context.texts().accounts.saved)
        }
        Err(status) => {
            let problems = problems(context, status)?;
            page(&user, &account, &draft, problems)
        }
    }
}

/// The form. What was typed over an older version is shown over the one of now, so that sending it again is a decision.
fn page(
    user: &CurrentUser,
    account: &wire::Account,
    draft: &Draft,
    problems: Vec<FormProblem>,
) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().accounts;
    let action = page_path(&account.account_id, EDIT_PAGE);
    let mut fields = draft.names(context, &problems)?;
    fields.extend(draft.switches(context)?);
    let values = Values::default()
        .text("action", &action)
        .html("hidden", context.hidden_fields(&action)?)
        .optional(ETAG, Some(&account.etag))
        .html("fields", concatenate(context, fields)?)
        .text("button", &context.words().save)
        .text("back", &account_path(&account.account_id));
    let body = context.body("accounts_form", values)?;
    let title = format!("{}: {}", words.edit, account.display_name);
    user.page(MenuItem::Accounts, PageContent { problems, ..PageContent::new(&title, body) })
}
