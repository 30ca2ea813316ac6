//! Creating an account.

use axum::response::Response;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;

use super::super::account_names::account_path;
use super::access::ACCOUNTS;
use super::concatenate;
use super::form::{Draft, EMAILS, PASSWORD, PHONES, lines, problems};
use crate::peers::PeerFailure;
use crate::view::{Field, FieldKind, FormProblem, Html, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PageContext, PostedFields};

const ACTION: &str = "/administration/accounts/new";

/// What was typed.
#[derive(Debug, Default)]
struct NewAccount {
    draft: Draft,
    emails: String,
    phones: String,
}

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    if !user.has_any(ACCOUNTS) {
        return Err(Fault::NotAllowed);
    }
    page(&user, &NewAccount::default(), Vec::new())
}

pub(super) async fn create(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    let context = &user.context;
    let new = NewAccount {
        draft: Draft::typed(&fields),
        emails: fields.text(EMAILS).to_owned(),
        phones: fields.text(PHONES).to_owned(),
    };
    let missing = new.draft.problems(context);
    if !missing.is_empty() {
        return page(&user, &new, missing);
    }
    let request = wire::CreateAccountRequest {
        tenant_id: user.tenant().to_string(),
        logins: lines(&new.draft.logins),
        display_name: new.draft.display_name.clone(),
        external_id: new.draft.external_id.clone(),
        password: fields.secret(PASSWORD).expose_secret().to_owned(),
        email_addresses: lines(&new.emails),
        phone_numbers: lines(&new.phones),
        // Only backends may vouch for addresses.
        addresses_confirmed: false,
        must_change_password: new.draft.must_change_password,
        managed_elsewhere: new.draft.managed_elsewhere,
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    match AccountServiceClient::new(user.identity()).create_account(request).await {
        Ok(created) => {
            let account =
                created.into_inner().account.ok_or_else(|| PeerFailure::unexpected("no account"))?;
            context.redirect_with_flash(&account_path(&account.account_id), &context.texts().accounts.created)
        }
        Err(status) => {
            let problems = problems(context, status)?;
            page(&user, &new, problems)
        }
    }
}

fn page(user: &CurrentUser, new: &NewAccount, problems: Vec<FormProblem>) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().accounts;
    let mut fields = new.draft.names(context, &problems)?;
    fields.extend(addresses(context, new, &problems)?);
    let password = Field {
        name: PASSWORD,
        label: &words.first_password_label,
        hint: Some(&words.first_password_hint),
        kind: FieldKind::NewPassword,
        value: "",
        problem: FormProblem::for_field(&problems, PASSWORD),
    };
    fields.push(context.field(&password)?);
    fields.extend(new.draft.switches(context)?);
    let values = Values::default()
        .text("action", ACTION)
        .html("hidden", context.hidden_fields(ACTION)?)
        .optional("etag", None::<&str>)
        .html("fields", concatenate(context, fields)?)
        .text("button", &words.create)
        .text("back", MenuItem::Accounts.path());
    let body = context.body("accounts_form", values)?;
    user.page(MenuItem::Accounts, PageContent { problems, ..PageContent::new(&words.new_title, body) })
}

/// The fields of addresses to begin with.
fn addresses(context: &PageContext, new: &NewAccount, problems: &[FormProblem]) -> Result<[Html; 2], Fault> {
    let words = &context.texts().accounts;
    let field = |name: &'static str, label: &str, hint: &str, value: &str| {
        let problem = FormProblem::for_field(problems, name);
        context.field(&Field { name, label, hint: Some(hint), kind: FieldKind::LongText, value, problem })
    };
    Ok([
        field(EMAILS, &words.emails_label, &words.emails_hint, &new.emails)?,
        field(PHONES, &words.phones_label, &words.phones_hint, &new.phones)?,
    ])
}
