//! The pages behind links in mails. The token leaves the address bar at once, where histories and shoulders would keep it: it goes on in a
//! sealed cookie. Only a button acts, because mail scanners follow links.
//!
//! Identity alone knows whose link it is: where the portal has several organisations, the pages look like none of them.

mod new_password;
mod not_me;

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::proof_forms::Link;
use crate::cookies::CookieKind;
use crate::view::Values;
use crate::web::{Fault, PageContent, PageContext};

/// Longer than any token of identity.
const LONGEST_TOKEN: usize = 2_000;

/// All of them, by address.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/not-me", get(not_me::show).post(not_me::undo))
        .route("/not-me/done", get(not_me::done))
        .route("/new-password", get(new_password::show).post(new_password::set))
        .route("/new-password/done", get(new_password::done))
}

/// The way on of a link that brought its token: to the same page without it. None where the address has none.
///
/// The browser keeps one link of a kind. Where it has another one, forms that were shown until now end: a button that was shown for the one
/// would act by the other.
fn move_token_to_cookie<K: CookieKind + PartialEq>(
    context: &PageContext,
    link: impl FnOnce(String) -> K,
) -> Result<Option<Response>, Fault> {
    let token = context.query("token");
    if token.is_empty() {
        return Ok(None);
    }
    let is_whole = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if token.len() > LONGEST_TOKEN || !token.bytes().all(is_whole) {
        return Err(Fault::LinkIncomplete);
    }
    let link = link(token);
    let there = context.with_cookie(PageContext::redirect(context.path()), None, Some(&link))?;
    let is_another = context.cookie::<K>().is_some_and(|before| before != link);
    if is_another { context.with_new_form_secret(there).map(Some) } else { Ok(Some(there)) }
}

/// A page that says what was done, and what comes next.
fn done_page(context: &PageContext, title: &str, text: &str, next: &Link<'_>) -> Result<Response, Fault> {
    let values = Values::default()
        .text("text", text)
        .flag("support_code", false)
        .text("link", &next.path)
        .text("link_text", next.text);
    let organisation = context.only_organisation();
    let content = PageContent::new(title, context.body("sentence", values)?);
    context.page(PageContent { organisation: organisation.as_ref(), ..content })
}
