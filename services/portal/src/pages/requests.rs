//! Requests for help as the help desk has them: the list, one request, and the check that a caller on the phone is who they say.

mod acts;
mod caller;
mod list;
mod one;

use axum::Router;
use axum::routing::get;
use rekey_primitives::id::{AccountId, HelpRequestId};
use rekey_wire::identity::v1::HelpRequestState;

use crate::view::Badge;
use crate::web::Fault;
use crate::words::RequestWords;

/// By address. What is posted to can be asked for as well: it is where a page stands that found something wrong.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/administration/requests", get(list::show))
        .route("/administration/requests/{account}/{request}", get(one::show))
        .route("/administration/requests/{account}/{request}/claim", get(one::show).post(acts::claim))
        .route("/administration/requests/{account}/{request}/resolve", get(one::show).post(acts::resolve))
        .route("/administration/requests/{account}/{request}/deny", get(one::show).post(acts::deny))
        .route("/administration/requests/{account}/{request}/code", get(one::show).post(caller::send))
        .route("/administration/requests/{account}/{request}/verify", get(one::show).post(caller::verify))
}

/// A request as its address names it: identity finds requests by their account.
struct NamedRequest {
    account: String,
    request: String,
}

impl NamedRequest {
    fn parse((account, request): &(String, String)) -> Result<Self, Fault> {
        let account = AccountId::parse(account).map_err(|_| Fault::NotFound)?;
        let request = HelpRequestId::parse(request).map_err(|_| Fault::NotFound)?;
        Ok(Self { account: account.to_string(), request: request.to_string() })
    }

    fn path(&self) -> String {
        format!("/administration/requests/{}/{}", self.account, self.request)
    }

    /// Where the form of an act is sent.
    fn act(&self, act: &str) -> String {
        format!("{}/{act}", self.path())
    }
}

/// A state, in a word and as it is marked.
fn state_badge(words: &RequestWords, state: HelpRequestState) -> (Badge, &str) {
    match state {
        HelpRequestState::Open => (Badge::Warning, &words.state_open),
        HelpRequestState::Claimed => (Badge::Plain, &words.state_claimed),
        HelpRequestState::Resolved => (Badge::Good, &words.state_resolved),
        HelpRequestState::Denied => (Badge::Bad, &words.state_denied),
        HelpRequestState::Expired => (Badge::Plain, &words.state_expired),
        HelpRequestState::Unspecified => (Badge::Plain, "?"),
    }
}
