//! "Sessions": where the person is signed in, and ending that.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;

use super::security_info::general;
use crate::pages::listing::{PAGE, next_page, time_cell};
use crate::pages::refusal_texts::{refusal, refusal_text};
use crate::view::{Badge, Cell, Table, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PostedFields};
use crate::words::{AccountWords, interpolate};

const OTHERS: &str = "/account/sessions/others";

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    page(&user, None).await
}

pub(super) async fn end(
    user: CurrentUser,
    Path(session): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    revoke(&user, vec![session], fields.request_id()?).await
}

pub(super) async fn end_others(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    revoke(&user, Vec::new(), fields.request_id()?).await
}

/// Ends these; none for all but the one that asks.
async fn revoke(user: &CurrentUser, session_ids: Vec<String>, request_id: String) -> Result<Response, Fault> {
    let words = &user.context.texts().account;
    let is_one = !session_ids.is_empty();
    let request = wire::RevokeSessionsRequest { session_ids, request_id, context: user.request_context() };
    match SessionServiceClient::new(user.identity()).revoke_sessions(request).await {
        Ok(_) if is_one => user.context.redirect_with_flash(MenuItem::Sessions.path(), &words.session_ended),
        Ok(ended) => {
            let said = interpolate(&words.sessions_ended, "count", ended.into_inner().sessions_revoked);
            user.context.redirect_with_flash(MenuItem::Sessions.path(), &said)
        }
        Err(status) => {
            let refused = refusal_text(&user.context, &refusal(status.into())?)?;
            page(user, Some(refused)).await
        }
    }
}

async fn page(user: &CurrentUser, problem: Option<String>) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let request = wire::ListSessionsRequest { page_size: 0, page_token: context.query(PAGE) };
    let listed = SessionServiceClient::new(user.identity()).list_sessions(request).await?.into_inner();
    let rows = listed.sessions.iter().map(|session| row(user, session)).collect::<Result<Vec<_>, _>>()?;
    let has_others = listed.sessions.iter().any(|session| !session.current);
    let table = context.table(Table {
        caption: &user.context.texts().administration.sessions,
        columns: &[
            &words.session_place,
            &words.session_opened,
            &words.session_used,
            &words.session_ends,
            &context.words().more,
        ],
        rows,
        empty: &words.sessions_empty,
        next: next_page(MenuItem::Sessions.path(), &[], &listed.next_page_token),
    })?;
    let values = Values::default()
        .html("table", table)
        .flag("has_others", has_others)
        .html("hidden", context.hidden_fields(OTHERS)?);
    let body = context.body("account_sessions", values)?;
    let content = PageContent::new(&user.context.texts().administration.sessions, body);
    user.page(MenuItem::Sessions, PageContent { problems: general(problem), ..content })
}

fn row(user: &CurrentUser, session: &wire::Session) -> Result<Vec<Cell>, Fault> {
    let words = &user.context.texts().account;
    let action = if session.current {
        Cell::Badge(Badge::Good, words.session_current.clone())
    } else {
        end_form(user, session)?
    };
    Ok(vec![
        Cell::Text(place(words, session).to_owned()),
        time_cell(session.create_time.as_ref()),
        time_cell(session.refresh_time.as_ref()),
        time_cell(session.expire_time.as_ref()),
        action,
    ])
}

/// What it was opened with.
fn place<'a>(words: &'a AccountWords, session: &'a wire::Session) -> &'a str {
    if session.place.is_empty() { &words.session_unknown } else { &session.place }
}

fn end_form(user: &CurrentUser, session: &wire::Session) -> Result<Cell, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let action = format!("/account/sessions/{}/end", session.session_id);
    let values = Values::default()
        .text("action", &action)
        .html("hidden", context.hidden_fields(&action)?)
        .text("button", &words.session_end)
        .text("name", place(words, session));
    Ok(Cell::Html(context.body("account_row_form", values)?))
}
