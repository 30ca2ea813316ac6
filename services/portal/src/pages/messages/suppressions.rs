//! Addresses that get no messages, and how one gets them again. Entries are masks: to take one back, the whole address has to be known.

use axum::response::Response;
use rekey_wire::notification::v1 as wire;
use rekey_wire::notification::v1::ErrorReason;
use rekey_wire::notification::v1::destination::Address;
use rekey_wire::notification::v1::suppression_service_client::SuppressionServiceClient;
use rekey_wire::reason::Reason as _;

use super::super::listing::{PAGE, next_page, time_cell};
use super::super::refusal_texts::{refusal, refusal_text};
use super::{naming, notification};
use crate::domain::Refusal;
use crate::peers::PeerError;
use crate::view::{CONFIRMED, Cell, Confirmation, Field, FieldKind, FormProblem, Html, Table, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PageContext, PostedFields};

const PATH: &str = "/administration/messages/suppressions";
const ADDRESS: &str = "address";
const ROWS: i32 = 50;

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    page(&user, "", None).await
}

pub(super) async fn remove(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().messages;
    let typed = fields.text(ADDRESS);
    if typed.is_empty() {
        return page(&user, typed, Some(&words.address_missing)).await;
    }
    if !fields.is_on(CONFIRMED.0) {
        return ask(&user, typed).await;
    }
    let request = wire::DeleteSuppressionRequest {
        tenant_id: user.tenant().to_string(),
        request_id: fields.request_id()?,
        destination: Some(wire::Destination { address: Some(destination(typed)) }),
    };
    let mut client = SuppressionServiceClient::new(notification(&user).await?);
    let refused = match client.delete_suppression(request).await {
        Ok(_) => return context.redirect_with_flash(PATH, &words.address_taken_off),
        Err(status) => refusal(status.into())?,
    };
    let text = match &refused {
        Refusal::FieldInvalid(_) => words.address_invalid.clone(),
        Refusal::Other(reason, _) if reason == ErrorReason::SuppressionNotFound.word() => {
            words.address_not_listed.clone()
        }
        other => refusal_text(context, other)?,
    };
    page(&user, typed, Some(&text)).await
}

/// The question, which names the address. What was typed stands in no path.
async fn ask(user: &CurrentUser, typed: &str) -> Result<Response, Fault> {
    user.require_role(MenuItem::Messages.roles()).await?;
    let context = &user.context;
    let words = &context.texts().messages;
    let body = context.confirmation(Confirmation {
        text: &words.take_off_confirm,
        subjects: &[typed.to_owned()],
        action: PATH,
        hidden: context.hidden_fields(PATH)?,
        fields: &[(ADDRESS, typed), CONFIRMED],
        extra_fields: None,
        button: &words.take_off_button,
        is_loss: false,
        back: PATH,
    })?;
    user.page(MenuItem::Messages, PageContent::new(&words.take_off_confirm_title, body))
}

/// What was typed as an address: mail has an `@`, and phones take blanks and hyphens off.
fn destination(typed: &str) -> Address {
    if typed.contains('@') {
        Address::EmailAddress(typed.to_owned())
    } else {
        Address::PhoneNumber(typed.chars().filter(|c| !" -()/.".contains(*c)).collect())
    }
}

async fn page(user: &CurrentUser, typed: &str, problem: Option<&str>) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().messages;
    let list = match find(user).await? {
        Some(found) => Some(table(context, &found)?),
        None => None,
    };
    let field = context.field(&Field {
        name: ADDRESS,
        label: &words.address,
        hint: Some(&words.address_hint),
        kind: FieldKind::Search,
        value: typed,
        problem,
    })?;
    let values = Values::default()
        .optional_html("table", list)
        .html("hidden", context.hidden_fields(PATH)?)
        .html("field", field);
    let content = PageContent::new(&words.suppressions_title, context.body("suppressions", values)?);
    let problems = problem.map(|text| FormProblem::of(ADDRESS, text)).into_iter().collect();
    user.page(MenuItem::Messages, PageContent { problems, ..content })
}

/// A page of entries; none where the deployment keeps no such list.
async fn find(user: &CurrentUser) -> Result<Option<wire::ListSuppressionsResponse>, Fault> {
    let request = wire::ListSuppressionsRequest {
        tenant_id: user.tenant().to_string(),
        page_size: ROWS,
        page_token: user.context.query(PAGE),
        ..wire::ListSuppressionsRequest::default()
    };
    let mut client = SuppressionServiceClient::new(notification(user).await?);
    match client.list_suppressions(request).await {
        Ok(found) => Ok(Some(found.into_inner())),
        Err(status) => match refusal(status.into())? {
            Refusal::Other(reason, _) if reason == ErrorReason::SuppressionNotConfigured.word() => Ok(None),
            Refusal::FieldInvalid(_) => Err(Fault::NotFound),
            other => Err(PeerError::Refused(other).into()),
        },
    }
}

fn table(context: &PageContext, found: &wire::ListSuppressionsResponse) -> Result<Html, Fault> {
    let words = &context.texts().messages;
    let row = |entry: &wire::Suppression| {
        let until = match &entry.expire_time {
            Some(_) => time_cell(entry.expire_time.as_ref()),
            None => Cell::Text(words.until_taken_off.clone()),
        };
        vec![
            Cell::Code(entry.masked_destination.clone()),
            Cell::Text(naming::channel(words, entry.channel()).to_owned()),
            Cell::Text(naming::lane(words, entry.lane()).to_owned()),
            Cell::Text(naming::suppression(words, entry.reason()).to_owned()),
            time_cell(entry.create_time.as_ref()),
            until,
        ]
    };
    context.table(Table {
        caption: &words.suppressions_title,
        columns: &[&words.address, &words.channel, &words.lane, &words.reason, &words.since, &words.until],
        rows: found.suppressions.iter().map(row).collect(),
        empty: &words.suppressions_empty,
        next: next_page(PATH, &[], &found.next_page_token),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_mail_or_of_a_phone_however_it_is_written() {
        // An address is a secret to the contract, so that it has no debug text.
        assert!(destination("jo@example.com") == Address::EmailAddress("jo@example.com".to_owned()));
        assert!(destination("+49 (151) 123-456.78") == Address::PhoneNumber("+4915112345678".to_owned()));
    }
}
