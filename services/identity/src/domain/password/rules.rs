//! The judgement of a candidate by a tenant's rules.
//!
//! Length comes first and does most of the work. Banned words follow: a candidate that is a known password
//! give or take one character, that carries the person's or the organisation's names, or that is little
//! more than known words. History is judged last and elsewhere, since it costs hashes; [`Verdict::reused`]
//! adds it.

use std::collections::HashSet;

use super::Password;
use super::words::{Folded, common, fold, points, within_one_edit};
use crate::domain::account::Account;
use crate::domain::policy::PasswordRules;
use crate::domain::security_info::Holding;
use crate::domain::tenant::Tenant;

/// Names shorter than this are not searched for: they hide in too many good passwords.
const NAME_MIN: usize = 4;

/// How many of the four classes of characters a tenant asks for that asks for classes.
const CLASSES_MIN: u32 = 3;

/// A rule that a candidate breaks; names are those of `PasswordRule` in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Broken {
    /// Fewer code points than the minimum.
    MinimumLength {
        /// The minimum.
        minimum: u32,
    },
    /// More code points than the maximum.
    MaximumLength {
        /// The maximum.
        maximum: u32,
    },
    /// Fewer than 3 of upper case, lower case, digits and others, where the tenant asks for them.
    CharacterClasses,
    /// One of the passwords everybody attempts first, or one character away from it.
    Common,
    /// One of the tenant's own terms, or one character away from it.
    BannedTerm,
    /// Carries the person's own name, login or address.
    Personal,
    /// Carries the organisation's name.
    Organisation,
    /// Little more than known words.
    TooSimple {
        /// Its points.
        points: u32,
        /// The points it needs.
        needed: u32,
    },
    /// One of the last passwords of the account.
    History,
}

/// Which rules a candidate breaks; none means it may be set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Verdict {
    /// The broken rules, in the order in which a person would mend them.
    pub broken: Vec<Broken>,
}

/// The words that are not to be in a candidate, folded once per judgement.
#[derive(Debug, Default)]
pub(crate) struct PasswordContext {
    personal: Vec<Folded>,
    organisation: Vec<Folded>,
}

impl Verdict {
    /// The verdict on a candidate that is among the last passwords of the account.
    pub(crate) fn reused() -> Self {
        Self { broken: vec![Broken::History] }
    }

    /// Whether the candidate may be set.
    pub(crate) fn is_good(&self) -> bool {
        self.broken.is_empty()
    }
}

impl Broken {
    /// The published name of the rule.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::MinimumLength { .. } => "MINIMUM_LENGTH",
            Self::MaximumLength { .. } => "MAXIMUM_LENGTH",
            Self::CharacterClasses => "CHARACTER_CLASSES",
            Self::Common => "COMMON",
            Self::BannedTerm => "BANNED_TERM",
            Self::Personal => "PERSONAL",
            Self::Organisation => "ORGANISATION",
            Self::TooSimple { .. } => "TOO_SIMPLE",
            Self::History => "HISTORY",
        }
    }

    /// The number that a person must know to keep the rule; 0 for a rule without one. Nobody counts points, and the
    /// meter never speaks of history.
    pub(crate) const fn bound(self) -> u32 {
        match self {
            Self::MinimumLength { minimum } => minimum,
            Self::MaximumLength { maximum } => maximum,
            Self::CharacterClasses => CLASSES_MIN,
            Self::Common
            | Self::BannedTerm
            | Self::Personal
            | Self::Organisation
            | Self::TooSimple { .. }
            | Self::History => 0,
        }
    }
}

impl PasswordContext {
    /// The names around an account: what an acquaintance would try first.
    pub(crate) fn of(account: &Account, tenant: &Tenant) -> Self {
        let logins = account.logins.iter().map(|login| login.as_str());
        let addresses = account.security_info.iter().filter_map(|entry| match &entry.holding {
            Holding::Email(address) => Some(address.local_part()),
            Holding::Phone(_)
            | Holding::Authenticator { .. }
            | Holding::RecoveryCodes { .. }
            | Holding::Passkey(_) => None,
        });
        let personal = logins
            .map(|login| login.split('@').next().unwrap_or(login))
            .chain(addresses)
            .chain([account.display_name.as_str()]);
        // Without the top level, which says nothing about the organisation.
        let domains =
            tenant.domains.iter().filter_map(|domain| domain.as_str().rsplit_once('.')).map(|(own, _)| own);
        let organisation = domains.chain([tenant.handle.as_str(), tenant.display_name.as_str()]);
        Self { personal: names(personal), organisation: names(organisation) }
    }
}

/// Judges a candidate by everything but history.
pub(crate) fn evaluate(candidate: &Password, rules: &PasswordRules, around: &PasswordContext) -> Verdict {
    let length = u32::try_from(candidate.length()).unwrap_or(u32::MAX);
    let mut broken = Vec::new();
    if length < rules.minimum_length {
        broken.push(Broken::MinimumLength { minimum: rules.minimum_length });
    }
    if length > rules.maximum_length {
        // Nothing more is said about it: the rest of the work grows with the length.
        return Verdict { broken: vec![Broken::MaximumLength { maximum: rules.maximum_length }] };
    }
    if rules.require_three_classes && classes(candidate.expose()) < CLASSES_MIN {
        broken.push(Broken::CharacterClasses);
    }
    let folded = fold(candidate.expose());
    let terms: HashSet<Folded> = rules.banned_terms.iter().map(|term| fold(term)).collect();
    if common().iter().any(|word| within_one_edit(&folded, word)) {
        broken.push(Broken::Common);
    }
    if terms.iter().any(|term| within_one_edit(&folded, term)) {
        broken.push(Broken::BannedTerm);
    }
    if around.personal.iter().any(|name| folded.contains(name)) {
        broken.push(Broken::Personal);
    }
    if around.organisation.iter().any(|name| folded.contains(name)) {
        broken.push(Broken::Organisation);
    }
    let points = points(&folded, |word| common().contains(word) || terms.contains(word));
    if points < rules.minimum_points {
        broken.push(Broken::TooSimple { points, needed: rules.minimum_points });
    }
    Verdict { broken }
}

/// The words of some texts, and each text run together, folded, from [`NAME_MIN`] letters up.
fn names<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<Folded> {
    let mut names: Vec<Folded> = Vec::new();
    for text in texts {
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        let together = words.concat();
        for word in words.into_iter().chain([together.as_str()]) {
            let folded = fold(word);
            if word.chars().count() >= NAME_MIN && !names.contains(&folded) {
                names.push(folded);
            }
        }
    }
    names
}

fn classes(text: &str) -> u32 {
    let is_other = |c: char| !c.is_uppercase() && !c.is_lowercase() && !c.is_numeric();
    [
        text.chars().any(char::is_uppercase),
        text.chars().any(char::is_lowercase),
        text.chars().any(char::is_numeric),
        text.chars().any(is_other),
    ]
    .into_iter()
    .map(u32::from)
    .sum()
}
