//! The templates, by name. An area of pages has its own in a room of its own.

mod general;
mod message_templates;
mod policy;

/// Names and texts.
type Templates = &'static [(&'static str, &'static str)];

/// All of them.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let areas: [Templates; 3] = [general::TEMPLATES, policy::TEMPLATES, message_templates::TEMPLATES];
    areas.into_iter().flatten().copied()
}
