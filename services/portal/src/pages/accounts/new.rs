//! Creating an account.

use axum::response::Response;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;

use super::super::account_names::account_path;
use super::access::ACCOUNTS;
use super::form::{Draft, EMAILS, PASSWORD, PHONES, lines, problems};
use super::together;
use crate::peers::PeerFailure;
use crate::view::{Field, FieldKind, Html, Problem, Values};
use crate::web::{Content, Fault, Member, Place, PostedFields, Visit};

const ACTION: &str = "/administration/accounts/new";

/// What was typed.
#[derive(Debug, Default)]
struct NewAccount {
    draft: Draft,
    emails: String,
    phones: String,
}

pub(super) async fn show(member: Member) -> Result<Response, Fault> {
    if !member.has_any(ACCOUNTS) {
        return Err(Fault::NotAllowed);
    }
    page(&member, &NewAccount::default(), Vec::new())
}

pub(super) async fn create(member: Member, fields: PostedFields) -> Result<Response, Fault> {
    let visit = &member.visit;
    let new = NewAccount {
        draft: Draft::typed(&fields),
        emails: fields.text(EMAILS).to_owned(),
        phones: fields.text(PHONES).to_owned(),
    };
    let missing = new.draft.problems(visit);
    if !missing.is_empty() {
        return page(&member, &new, missing);
    }
    let request = wire::CreateAccountRequest {
        tenant_id: member.tenant().to_string(),
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
        context: member.context(),
    };
    match AccountServiceClient::new(member.identity()).create_account(request).await {
        Ok(created) => {
            let account = created.into_inner().account.ok_or_else(|| PeerFailure::unclear("no account"))?;
            visit.redirect_saying(&account_path(&account.account_id), &visit.texts().accounts.created)
        }
        Err(status) => {
            let problems = problems(visit, status)?;
            page(&member, &new, problems)
        }
    }
}

fn page(member: &Member, new: &NewAccount, problems: Vec<Problem>) -> Result<Response, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().accounts;
    let mut fields = new.draft.names(visit, &problems)?;
    fields.extend(addresses(visit, new, &problems)?);
    let password = Field {
        name: PASSWORD,
        label: &words.first_password_label,
        hint: Some(&words.first_password_hint),
        kind: FieldKind::NewPassword,
        value: "",
        problem: Problem::beside(&problems, PASSWORD),
    };
    fields.push(visit.field(&password)?);
    fields.extend(new.draft.switches(visit)?);
    let values = Values::default()
        .text("action", ACTION)
        .html("hidden", visit.hidden(ACTION)?)
        .optional("etag", None::<&str>)
        .html("fields", together(visit, fields)?)
        .text("button", &words.create)
        .text("back", Place::Accounts.path());
    let body = visit.body("accounts_form", values)?;
    member.page(Place::Accounts, Content { problems, ..Content::new(&words.new_title, body) })
}

/// The fields of addresses to begin with.
fn addresses(visit: &Visit, new: &NewAccount, problems: &[Problem]) -> Result<[Html; 2], Fault> {
    let words = &visit.texts().accounts;
    let field = |name: &'static str, label: &str, hint: &str, value: &str| {
        let problem = Problem::beside(problems, name);
        visit.field(&Field { name, label, hint: Some(hint), kind: FieldKind::LongText, value, problem })
    };
    Ok([
        field(EMAILS, &words.emails_label, &words.emails_hint, &new.emails)?,
        field(PHONES, &words.phones_label, &words.phones_hint, &new.phones)?,
    ])
}
