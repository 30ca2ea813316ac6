//! The templates, by name. An area of pages has its own in a room of its own.

mod accounts;
mod general;

/// Names and texts.
type Templates = &'static [(&'static str, &'static str)];

/// All of them.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let areas: [Templates; 2] = [general::TEMPLATES, accounts::TEMPLATES];
    areas.into_iter().flatten().copied()
}
