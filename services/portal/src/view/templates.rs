//! The templates, by name. An area of pages has its own in a room of its own.

mod bulk;
mod general;
mod groups;
mod requests;

/// Names and texts.
type Templates = &'static [(&'static str, &'static str)];

/// All of them.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let areas: [Templates; 4] = [general::TEMPLATES, requests::TEMPLATES, bulk::TEMPLATES, groups::TEMPLATES];
    areas.into_iter().flatten().copied()
}
