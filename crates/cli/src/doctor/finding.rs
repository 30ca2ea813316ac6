//! What `rekey doctor` finds: what is wrong, how bad that is, and its mend.

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Worth knowing.
    Note,
    /// It will hurt some day, or on a bad one.
    Warning,
    /// It hurts, or a promise does not hold.
    Error,
}

impl Severity {
    /// The word that stands before it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// What it is about: a setting, a store, a domain.
    pub(crate) about: String,
    /// What is wrong.
    pub(crate) what: String,
    /// What mends it, in one sentence.
    pub(crate) mend: String,
}

impl Finding {
    pub(crate) fn error(about: &str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(Severity::Error, about, what, mend)
    }

    pub(crate) fn warning(about: &str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(Severity::Warning, about, what, mend)
    }

    pub(crate) fn note(about: &str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(Severity::Note, about, what, mend)
    }

    fn new(severity: Severity, about: &str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { severity, about: about.to_owned(), what: what.into(), mend: mend.into() }
    }
}
