//! The web server of the portal: what every request passes before its page and every answer behind it.
//!
//! | Room | Does |
//! |---|---|
//! | `site` | what all pages share |
//! | `page_context` | one request: who, in which language, with which cookies |
//! | `current_organisation` | the organisation that a browser belongs to |
//! | `forms` | forms that come from pages of ours, and from the same browser |
//! | `answer` | pages and redirects, with the cookies they set |
//! | `fault` | what there is to say when there is no page |
//! | `session` | who is signed in, and what is asked before |
//! | `logo_cache` | logos that were asked for lately |
//! | `one_time_display` | answers that no reload brings back |
//! | `headers` | what browsers are told about pages |
//! | `client_address` | where a person is, behind proxies |

mod answer;
mod client_address;
mod current_organisation;
mod fault;
mod forms;
mod headers;
mod logo_cache;
mod one_time_display;
mod page_context;
mod session;
mod site;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use rekey_runtime::deadline;

pub(crate) use self::answer::PageContent;
pub(crate) use self::fault::Fault;
pub(crate) use self::forms::{OrganisationForm, PostedFields, PostedFile};
pub(crate) use self::logo_cache::LogoCache;
pub(crate) use self::page_context::PageContext;
pub(crate) use self::session::{ALL_ROLES, CurrentUser, LocalPath, MenuItem, role_name};
pub(crate) use self::site::{SharedSite, Site};

/// What is posted here hashes a password for each of up to 40 people.
pub(crate) const BATCH_PATH: &str = "/administration/accounts/reset";
/// As long as identity wants for that (`BatchResetPasswords`).
pub(crate) const BATCH_TIME: Duration = Duration::from_secs(30);

/// The whole site: these pages, and what is built in beside them.
pub(crate) fn router(site: SharedSite, pages: Router) -> Router {
    let attended = pages
        .fallback(async || Fault::NotFound)
        .method_not_allowed_fallback(async || Fault::NotFound)
        .layer(from_fn_with_state(Arc::clone(&site), page_middleware));
    let all = crate::assets::routes().merge(attended);
    all.layer(from_fn_with_state(site, headers::add_security_headers))
}

/// How long an answer may take.
fn budget(site: &Site, head: &Parts) -> Duration {
    let is_batch = head.method == Method::POST && head.uri.path() == BATCH_PATH;
    if is_batch { site.rules.deadline.max(BATCH_TIME) } else { site.rules.deadline }
}

/// Everything about a request that is not its page's business. A path that is no text names no page; axum would say so in words of its
/// own.
async fn page_middleware(State(site): State<SharedSite>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    let context = PageContext::of(site, &head);
    if percent_decode_str(head.uri.path()).decode_utf8().is_err() {
        return context.finish(Fault::NotFound.into_response());
    }
    let is_reading = [Method::GET, Method::HEAD].contains(&head.method);
    if !is_reading && !forms::is_same_origin(&head.headers, &context.site.rules.origin) {
        return context.finish(Fault::FormExpired.into_response());
    }
    head.extensions.insert(context.clone());
    let budget = budget(&context.site, &head);
    let page = deadline::scope(budget, next.run(Request::from_parts(head, body)));
    let answer = tokio::time::timeout(budget, page).await;
    context.finish(answer.unwrap_or_else(|_| Fault::DeadlineExceeded.into_response()))
}
