//! "Can't access your account?": where people who are locked out begin.

use axum::response::Response;

use crate::view::Values;
use crate::web::{Content, Fault, Visit};

pub(super) async fn show(visit: Visit) -> Result<Response, Fault> {
    let organisation = visit.organisation().await?;
    let may_change = visit.site.rules.tenant.is_none();
    let body = visit.body("start", Values::default().flag("may_change", may_change))?;
    let content = Content::new(&visit.words().start_title, body);
    let page = visit.page(Content { organisation: Some(&organisation), ..content })?;
    visit.keeping(page, None, Some(&organisation))
}
