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
mod group_choice;
mod groups;
mod help;
mod listing;
mod look;
mod mailed_link;
mod messages;
mod organisation;
mod password_form;
mod password_rules;
mod policy;
mod proof_forms;
mod refusal_texts;
mod requests;
mod reset_code;
mod reset_done;
mod reset_password;
mod reset_proof;
mod reset_start;
mod sign_in;
mod start;
mod templates;

use axum::Router;
use axum::routing::get;

use crate::cookies::FlowId;
use crate::domain::ResetProgress;
use crate::web::{Fault, PageContext};

/// All of them, by address.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/", get(start::show))
        .route("/organisation", get(organisation::show).post(organisation::choose))
        .route("/o/{handle}", get(organisation::choose_by_handle))
        .route("/reset", get(reset_start::show).post(reset_start::start))
        .route("/reset/{flow}/prove", get(reset_proof::show).post(reset_proof::choose))
        .route("/reset/{flow}/code", get(reset_code::show).post(reset_code::submit))
        .route("/reset/{flow}/resend", get(reset_code::show).post(reset_code::resend))
        .route("/reset/{flow}/password", get(reset_password::show).post(reset_password::set))
        .route("/reset/done", get(reset_done::show))
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
fn find_reset(context: &PageContext, flow: &str) -> Result<(FlowId, ResetProgress), Fault> {
    let flow = FlowId::parse(flow).ok_or(Fault::NotFound)?;
    let reset = context.reset(&flow).ok_or(Fault::ResetOver)?;
    Ok((flow, reset))
}

/// The address of a page of a reset.
fn path(flow: &FlowId, page: &str) -> String {
    format!("/reset/{}/{page}", flow.as_str())
}
