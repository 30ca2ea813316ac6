//! "Your new password is set": the last page of a reset. It signs nobody in and knows nothing any more.

use axum::response::Response;

use crate::view::{ResetStep, Values};
use crate::web::{Fault, PageContent, PageContext};

pub(super) async fn show(context: PageContext) -> Result<Response, Fault> {
    let body = context.body("done", Values::default())?;
    let organisation = context.known_organisation();
    let content = PageContent::new(&context.words().done_title, body);
    context.page(PageContent { organisation: organisation.as_ref(), step: Some(ResetStep::Done), ..content })
}
