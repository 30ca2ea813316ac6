//! "My account": who is signed in, and what they can do here.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;

use super::{directories, entries};
use crate::view::Values;
use crate::web::{Content, Fault, Member, Place, role_name};

pub(super) async fn show(member: Member) -> Result<Response, Fault> {
    let (tenant, entries) = tokio::try_join!(directories::current(&member), entries::all(&member))?;
    let texts = member.visit.texts();
    let counts = |entry: &wire::SecurityInfo| entry.state() == wire::SecurityInfoState::Usable;
    let role = |role: &i32| Values::default().text("name", role_name(&texts.administration, *role));
    let values = Values::default()
        .text("login", member.login())
        .text("organisation", &tenant.display_name)
        .list("roles", member.roles().iter().map(role).collect())
        .flag("has_method", entries.iter().any(counts));
    let body = member.visit.body("account_overview", values)?;
    let organisation = member.organisation(&tenant.display_name);
    let content = Content::new(&texts.general.my_account, body);
    member.page(Place::Overview, Content { organisation: Some(&organisation), ..content })
}
