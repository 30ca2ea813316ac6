//! The texts of templates: their parts, what may be wrong with them, the versions a tenant has, and where a text comes from.
//!
//! A change never changes a version. It makes the next one, and the newest is in force; going back to the built-in text is a
//! version without parts. So the number of the newest version is all that a change has to name to be safe from others.

use rekey_primitives::clock::Timestamp;

use super::template::TemplateName;

/// The most bytes of a part's source. The longest built-in one has a tenth of it.
pub(crate) const PART_BYTES: usize = 8_192;
/// The longest subject with sample values, in characters: mail programs show half of it.
pub(crate) const SUBJECT_CHARACTERS: usize = 200;
/// The most segments of a text message with sample values: each is paid for.
pub(crate) const SMS_SEGMENTS: usize = 4;
/// The most locales for which a tenant may have a text of one template.
pub(crate) const LOCALES: i64 = 64;
/// How many versions are kept of what a tenant has for one template and locale.
pub(crate) const VERSIONS: i32 = 100;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Subject,
    Text,
    Sms,
}

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::Subject, Self::Text, Self::Sms];

    /// Its name in files and in the contract.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Text => "text",
            Self::Sms => "sms",
        }
    }

    /// Whether the part must say a variable of that name: without it the message would not do what it is for, and a
    /// payment would be approved blindly.
    pub(crate) fn must_say(self, variable: &str) -> bool {
        self != Self::Subject && is_required(variable)
    }

    /// Whether the part may say it. Subjects are shown on locked screens and written into logs of mail servers.
    pub(crate) fn may_say(self, variable: &str) -> bool {
        self != Self::Subject || !matches!(variable, "code" | "link")
    }
}

/// Whether the body of a message must say a variable where its template takes it.
pub(crate) fn is_required(variable: &str) -> bool {
    matches!(variable, "code" | "link" | "amount" | "payee")
}

/// The sources of one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateParts {
    /// One line.
    pub(crate) subject: String,
    /// Paragraphs with an empty line between them.
    pub(crate) text: String,
    /// The text message.
    pub(crate) sms: String,
}

impl TemplateParts {
    pub(crate) fn part(&self, part: Part) -> &str {
        match part {
            Part::Subject => &self.subject,
            Part::Text => &self.text,
            Part::Sms => &self.sms,
        }
    }
}

/// What is wrong with a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartFault {
    pub(crate) part: Part,
    pub(crate) what: &'static str,
}

/// What a tenant has a text of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextKey {
    pub(crate) template: TemplateName,
    /// A BCP 47 tag in its usual case.
    pub(crate) locale: String,
}

/// What is to become of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextChange {
    /// These parts are put in force.
    Set(TemplateParts),
    /// The built-in text is.
    Reset,
    /// An earlier version is.
    RollBack(i32),
}

/// What made a version. The numbers are those of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::FromRepr, strum::VariantArray)]
#[repr(i16)]
pub(crate) enum VersionAction {
    Set = 1,
    Reset = 2,
    RolledBack = 3,
}

/// A version, without its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionInfo {
    pub(crate) version: i32,
    pub(crate) action: VersionAction,
    /// The version that a rollback took its parts from.
    pub(crate) restored: Option<i32>,
    /// Whether it has no parts, so that the built-in text is in force.
    pub(crate) is_built_in: bool,
    /// The caller that made it.
    pub(crate) author: String,
    pub(crate) created_at: Timestamp,
}

/// A version with its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextVersion {
    pub(crate) info: VersionInfo,
    /// None where the built-in text is in force by it.
    pub(crate) parts: Option<TemplateParts>,
}

/// A locale for which a tenant has a text in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextOverride {
    /// The template by its name; a newer release may know more of them.
    pub(crate) template: String,
    pub(crate) locale: String,
    pub(crate) info: VersionInfo,
}

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    BuiltIn,
    Tenant,
}

/// A text as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextView {
    /// What was asked for.
    pub(crate) key: TextKey,
    pub(crate) origin: Origin,
    /// The locale that it is written in.
    pub(crate) source_locale: String,
    pub(crate) parts: TemplateParts,
    /// The version of the tenant's text that is shown.
    pub(crate) info: Option<VersionInfo>,
    /// The newest version for exactly the locale asked for; 0 where there is none.
    pub(crate) newest: i32,
}

/// A text that is looked for to write to a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) locale: String,
    pub(crate) origin: Origin,
    pub(crate) exists: bool,
}
