//! The pages, one file each. A page is a handler that shows it and one that takes its form; both answer with `web`'s words.
//!
//! A page that was left is never come back to by a form: what a form changed is followed by a redirect, so that reloading and "back"
//! send nothing twice.

mod account;
mod account_filters;
mod account_names;
mod accounts;
mod audit;
mod bulk;
mod code;
mod done;
mod group_choice;
mod groups;
mod help;
mod listing;
mod look;
mod mailed_link;
mod messages;
mod organisation;
mod password;
mod password_form;
mod password_rules;
mod policy;
mod proof_forms;
mod prove;
mod requests;
mod sentences;
mod sign_in;
mod start;
mod templates;
mod who;

use axum::Router;
use axum::routing::get;

use crate::cookies::FlowId;
use crate::domain::ResetProgress;
use crate::web::{Fault, Visit};

/// All of them, by address.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/", get(start::show))
        .route("/organisation", get(organisation::show).post(organisation::choose))
        .route("/o/{handle}", get(organisation::come))
        .route("/reset", get(who::show).post(who::start))
        .route("/reset/{flow}/prove", get(prove::show).post(prove::choose))
        .route("/reset/{flow}/code", get(code::show).post(code::submit))
        .route("/reset/{flow}/resend", get(code::show).post(code::resend))
        .route("/reset/{flow}/password", get(password::show).post(password::set))
        .route("/reset/done", get(done::show))
        .route("/reset/{flow}/help", get(help::show_in_reset).post(help::ask_in_reset))
        .route("/help", get(help::show).post(help::ask))
        .route("/help/sent", get(help::sent))
        .route("/look/style/{accent}", get(look::style))
        .route("/look/logo/{tenant}", get(look::logo))
        .merge(account::routes())
        .merge(sign_in::routes())
        .merge(mailed_link::routes())
        .merge(accounts::routes())
        .merge(requests::routes())
        .merge(bulk::routes())
        .merge(groups::routes())
        .merge(audit::routes())
        .merge(messages::routes())
        .merge(policy::routes())
        .merge(templates::routes())
}

/// The reset that an address names.
fn opened(visit: &Visit, flow: &str) -> Result<(FlowId, ResetProgress), Fault> {
    let flow = FlowId::parse(flow).ok_or(Fault::NotFound)?;
    let reset = visit.reset(&flow).ok_or(Fault::ResetOver)?;
    Ok((flow, reset))
}

/// The address of a page of a reset.
fn path(flow: &FlowId, page: &str) -> String {
    format!("/reset/{}/{page}", flow.as_str())
}
