//! What a template's variables may be. The templates themselves stand in the table that all parts share.

pub(crate) use rekey_primitives::template::TemplateName;

/// How long a variable may be, in characters.
pub(crate) const VARIABLE_CHARACTERS: usize = 1_024;

/// Whether a variable may have several lines. All others stand in one, also in a subject.
pub(crate) fn has_lines(variable: &str) -> bool {
    matches!(variable, "message" | "requests")
}
