//! "Sessions": where the person is signed in, and ending that.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;

use super::security_info::general;
use crate::pages::sentences::{refusal, sentence};
use crate::peers::maybe_moment;
use crate::view::{Badge, Cell, Table, Values};
use crate::web::{Content, Fault, Member, Place, PostedFields};
use crate::words::{AccountWords, filled};

const OTHERS: &str = "/account/sessions/others";

pub(super) async fn show(member: Member) -> Result<Response, Fault> {
    page(&member, None).await
}

pub(super) async fn end(
    member: Member,
    Path(session): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    revoke(&member, vec![session], fields.request_id()?).await
}

pub(super) async fn end_others(member: Member, fields: PostedFields) -> Result<Response, Fault> {
    revoke(&member, Vec::new(), fields.request_id()?).await
}

/// Ends these; none for all but the one that asks.
async fn revoke(member: &Member, session_ids: Vec<String>, request_id: String) -> Result<Response, Fault> {
    let words = &member.visit.texts().account;
    let is_one = !session_ids.is_empty();
    let request = wire::RevokeSessionsRequest { session_ids, request_id, context: member.context() };
    match SessionServiceClient::new(member.identity()).revoke_sessions(request).await {
        Ok(_) if is_one => member.visit.redirect_saying(Place::Sessions.path(), &words.session_ended),
        Ok(ended) => {
            let said = filled(&words.sessions_ended, "count", ended.into_inner().sessions_revoked);
            member.visit.redirect_saying(Place::Sessions.path(), &said)
        }
        Err(status) => {
            let refused = sentence(&member.visit, &refusal(status.into())?)?;
            page(member, Some(refused)).await
        }
    }
}

async fn page(member: &Member, problem: Option<String>) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let request = wire::ListSessionsRequest { page_size: 0, page_token: visit.query("page") };
    let listed = SessionServiceClient::new(member.identity()).list_sessions(request).await?.into_inner();
    let rows = listed.sessions.iter().map(|session| row(member, session)).collect::<Result<Vec<_>, _>>()?;
    let has_others = listed.sessions.iter().any(|session| !session.current);
    let table = visit.table(Table {
        caption: &member.visit.texts().administration.sessions,
        columns: &[
            &words.session_place,
            &words.session_opened,
            &words.session_used,
            &words.session_ends,
            &visit.words().more,
        ],
        rows,
        empty: &words.sessions_empty,
        next: next(&listed.next_page_token),
    })?;
    let values = Values::default()
        .html("table", table)
        .flag("has_others", has_others)
        .html("hidden", visit.hidden(OTHERS)?);
    let body = visit.body("account_sessions", values)?;
    let content = Content::new(&member.visit.texts().administration.sessions, body);
    member.page(Place::Sessions, Content { problems: general(problem), ..content })
}

/// The address of the page behind a token.
fn next(token: &str) -> Option<String> {
    let query = || form_urlencoded::Serializer::new(String::new()).append_pair("page", token).finish();
    (!token.is_empty()).then(|| format!("{}?{}", Place::Sessions.path(), query()))
}

fn row(member: &Member, session: &wire::Session) -> Result<Vec<Cell>, Fault> {
    let words = &member.visit.texts().account;
    let time = |at: Option<&prost_types::Timestamp>| maybe_moment(at).map_or(Cell::Empty, Cell::Time);
    let action = if session.current {
        Cell::Badge(Badge::Good, words.session_current.clone())
    } else {
        end_form(member, session)?
    };
    Ok(vec![
        Cell::Text(place(words, session).to_owned()),
        time(session.create_time.as_ref()),
        time(session.refresh_time.as_ref()),
        time(session.expire_time.as_ref()),
        action,
    ])
}

/// What it was opened with.
fn place<'a>(words: &'a AccountWords, session: &'a wire::Session) -> &'a str {
    if session.place.is_empty() { &words.session_unknown } else { &session.place }
}

fn end_form(member: &Member, session: &wire::Session) -> Result<Cell, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let action = format!("/account/sessions/{}/end", session.session_id);
    let values = Values::default()
        .text("action", &action)
        .html("hidden", visit.hidden(&action)?)
        .text("button", &words.session_end)
        .text("name", place(words, session));
    Ok(Cell::Html(visit.body("account_row_form", values)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_the_next_page_stands_in_its_address_as_text() {
        assert_eq!(next("a+b/c=").as_deref(), Some("/account/sessions?page=a%2Bb%2Fc%3D"));
        assert_eq!(next(""), None);
    }
}
