//! The messages Rekey knows how to write, and exactly which variables each takes.

/// A template by name.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum TemplateName {
    /// The code that proves who resets a password.
    PasswordResetCode,
    /// The code that confirms an address or a phone.
    SecurityInfoCode,
    /// The code for any other purpose.
    VerificationCode,
    /// "Your password was reset", with the link "this was not me".
    PasswordResetNotice,
    /// "Your password was changed".
    PasswordChangedNotice,
    /// "Your ways to prove yourself were changed".
    SecurityInfoChangedNotice,
    /// One person asks an administrator for help.
    HelpRequest,
    /// Several unproved requests for help in one hourly mail.
    HelpRequestDigest,
    /// To global administrators: an administrator's password was reset.
    AdministratorResetAlarm,
    /// To administrators: a person says a reset was not theirs.
    ResetRepudiatedAlarm,
    /// "Your password expires soon".
    PasswordExpiryNotice,
}

/// How long a variable may be, in characters.
pub(crate) const VARIABLE_CHARACTERS: usize = 1_024;

impl TemplateName {
    pub(crate) const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The name in calls, stores and callers' rights.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads a name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The variables it takes: all of them and no other.
    pub(crate) const fn variables(self) -> &'static [&'static str] {
        match self {
            Self::PasswordResetCode | Self::SecurityInfoCode | Self::VerificationCode => {
                &["organisation", "code", "minutes"]
            }
            Self::PasswordResetNotice => &["organisation", "name", "time", "place", "link"],
            Self::PasswordChangedNotice => &["organisation", "name", "time", "place"],
            Self::SecurityInfoChangedNotice => &["organisation", "name", "time", "change", "method"],
            Self::HelpRequest => &["organisation", "name", "login", "message", "time"],
            Self::HelpRequestDigest => &["organisation", "count", "requests"],
            Self::AdministratorResetAlarm | Self::ResetRepudiatedAlarm => &["organisation", "name", "time"],
            Self::PasswordExpiryNotice => &["organisation", "name", "days", "time"],
        }
    }
}

/// Whether a variable may have several lines. All others stand in one, also in a subject.
pub(crate) fn has_lines(variable: &str) -> bool {
    matches!(variable, "message" | "requests")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back() {
        assert!(TemplateName::ALL.iter().all(|one| TemplateName::parse(one.as_str()) == Some(*one)));
        assert_eq!(TemplateName::parse("Password_reset_code"), None);
    }
}
