//! "Can't access your account?": where people who are locked out begin.

use axum::response::Response;

use crate::view::Values;
use crate::web::{Fault, PageContent, PageContext};

pub(super) async fn show(context: PageContext) -> Result<Response, Fault> {
    let organisation = context.organisation().await?;
    let may_change = context.site.rules.tenant.is_none();
    let body = context.body("start", Values::default().flag("may_change", may_change))?;
    let content = PageContent::new(&context.words().start_title, body);
    let page = context.page(PageContent { organisation: Some(&organisation), ..content })?;
    context.with_cookie(page, None, Some(&organisation))
}
