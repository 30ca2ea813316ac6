//! "My account": who is signed in, and what they can do here.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;

use super::{directories, entries};
use crate::view::Values;
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, role_name};

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    let (tenant, entries) = tokio::try_join!(directories::current(&user), entries::all(&user))?;
    let texts = user.context.texts();
    let counts = |entry: &wire::SecurityInfo| entry.state() == wire::SecurityInfoState::Usable;
    let role = |role: &i32| Values::default().text("name", role_name(&texts.administration, *role));
    let values = Values::default()
        .text("login", user.login())
        .text("organisation", &tenant.display_name)
        .list("roles", user.roles().iter().map(role).collect())
        .flag("has_method", entries.iter().any(counts));
    let body = user.context.body("account_overview", values)?;
    let organisation = user.organisation(&tenant.display_name);
    let content = PageContent::new(&texts.general.my_account, body);
    user.page(MenuItem::Overview, PageContent { organisation: Some(&organisation), ..content })
}
