//! The templates, by name. An area of pages has its own in a room of its own.

mod account;
mod accounts;
mod audit;
mod bulk;
mod general;
mod groups;
mod message_templates;
mod messages;
mod policy;
mod requests;
mod signing_in;

/// Names and texts.
type Templates = &'static [(&'static str, &'static str)];

/// All of them.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let areas: &[Templates] = &[
        general::TEMPLATES,
        signing_in::TEMPLATES,
        account::TEMPLATES,
        accounts::TEMPLATES,
        requests::TEMPLATES,
        bulk::TEMPLATES,
        groups::TEMPLATES,
        audit::TEMPLATES,
        messages::TEMPLATES,
        policy::TEMPLATES,
        message_templates::TEMPLATES,
    ];
    areas.iter().copied().flatten().copied()
}
