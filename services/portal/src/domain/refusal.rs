//! What identity may say no with, as far as a page has something to say of it. Each has a sentence in `pages::refusal_texts`.

use std::time::Duration;

/// A published no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The reset is forged, over or superseded.
    ResetOver,
    /// The reset has used up its attempts to set a password.
    AttemptsExhausted,
    MethodUnknown,
    MethodAlreadyProved,
    /// When another code may be sent; none where no send is left.
    SendLimited(Option<Duration>),
    ProofsMissing,
    /// The rules that are broken.
    PasswordRefused(Vec<PasswordRule>),
    HelpMessageRefused,
    /// What a sign-in or a passkey was asked is forged, answered or over.
    ChallengeOver,
    /// The link of a mail is forged, spent or over.
    LinkOver,
    /// Too many tries for what was typed, or from there.
    Throttled(Option<Duration>),
    /// More work than can be done in time.
    Busy(Option<Duration>),
    OrganisationUnknown,
    OrganisationElsewhere,
    /// Where the tenant tells.
    NotEligible(Ineligibility),
    /// The fields that are malformed, by their names in the contract.
    FieldInvalid(Vec<String>),
    /// The same form came with something else in it.
    FormRepeated,
    /// Nobody is signed in, or no longer.
    SignedOut,
    /// The person signed in too long ago for what they want to change.
    SignInNotRecent,
    /// The person's role does not include it.
    NotAllowed,
    /// There is no such account, group or request, or it is not for this person to see.
    NotFound,
    /// Another published reason, by its word, with the fields it names.
    Other(String, Vec<String>),
}

/// Why somebody cannot reset their password by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ineligibility {
    NotEnabled,
    NotLicensed,
    NotInScope,
    TooFewMethods,
    ManagedElsewhere,
    Blocked,
}

/// A rule for passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasswordRule {
    MinimumLength,
    MaximumLength,
    CharacterClasses,
    Common,
    BannedTerm,
    Personal,
    Organisation,
    TooSimple,
    History,
}

/// A rule that is in force, and the number that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RuleInForce {
    pub(crate) rule: PasswordRule,
    /// None for a rule without a number, and where nobody told it.
    pub(crate) bound: Option<u32>,
}

impl PasswordRule {
    /// Every one of them, in the order in which pages show them.
    pub(crate) const ALL: [Self; 9] = [
        Self::MinimumLength,
        Self::MaximumLength,
        Self::CharacterClasses,
        Self::Common,
        Self::BannedTerm,
        Self::Personal,
        Self::Organisation,
        Self::TooSimple,
        Self::History,
    ];

    /// The word for it, as the contract and our script have it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::MinimumLength => "MINIMUM_LENGTH",
            Self::MaximumLength => "MAXIMUM_LENGTH",
            Self::CharacterClasses => "CHARACTER_CLASSES",
            Self::Common => "COMMON",
            Self::BannedTerm => "BANNED_TERM",
            Self::Personal => "PERSONAL",
            Self::Organisation => "ORGANISATION",
            Self::TooSimple => "TOO_SIMPLE",
            Self::History => "HISTORY",
        }
    }

    /// The rule where nobody told its number.
    pub(crate) const fn without_number(self) -> RuleInForce {
        RuleInForce { rule: self, bound: None }
    }

    /// Reads that word; none for a rule that this release does not know.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_back_from_its_word() {
        assert_eq!(
            PasswordRule::ALL.map(|rule| PasswordRule::parse(rule.word())),
            PasswordRule::ALL.map(Some)
        );
        assert_eq!(PasswordRule::parse("UNSPECIFIED"), None);
    }
}
