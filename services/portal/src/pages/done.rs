//! "Your new password is set": the last page of a reset. It signs nobody in and knows nothing any more.

use axum::response::Response;

use crate::view::{Step, Values};
use crate::web::{Content, Fault, Visit};

pub(super) async fn show(visit: Visit) -> Result<Response, Fault> {
    let body = visit.body("done", Values::default())?;
    let organisation = visit.known_organisation();
    let content = Content::new(&visit.words().done_title, body);
    visit.page(Content { organisation: organisation.as_ref(), step: Some(Step::Done), ..content })
}
