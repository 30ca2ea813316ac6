//! Security info: the registered ways in which an account can prove itself.
//!
//! An entry proves nothing until the person confirmed it, and nothing for a while after any change of it:
//! whoever steals a session must not be able to turn it into the password. The first entry of an
//! account is spared, since there is nothing yet to protect it with, and so are those that an account is created with. Secrets (an authenticator's key, the
//! recovery codes) are not here but sealed or hashed in the store.

use std::collections::HashSet;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Destination, EmailAddress, PhoneNumber};
use rekey_primitives::id::SecurityInfoId;
use rekey_primitives::method::MethodKind;

use super::passkey::Passkey;
use super::policy::ResetRules;
use super::sealed::Sealed;
use super::totp::Totp;

/// How fresh a sign-in must be to change security info: long enough to type, too short to be found open.
pub(crate) const FRESH_SIGN_IN: Duration = Duration::from_secs(10 * 60);

/// How long a removed address is still told of what happens to the account.
pub(crate) const REMOVED_STILL_TOLD: Duration = Duration::from_secs(7 * 86_400);

/// One registered way to prove oneself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecurityInfo {
    /// Names it within the account.
    pub id: SecurityInfoId,
    pub holding: Holding,
    /// A name the person gave it, such as "work phone".
    pub label: Option<String>,
    /// Offered first.
    pub is_default: bool,
    /// How sure we are that it is the person's.
    pub standing: Standing,
    /// Wrong codes in a row disabled it until it is confirmed anew.
    pub disabled: bool,
    /// Spared the quarantine: given when the account was created, or added while nothing counted yet.
    pub is_first: bool,
    pub added_at: Timestamp,
    /// When it was last added, changed, regenerated or prefilled; quarantine counts from here.
    pub changed_at: Timestamp,
}

/// What an entry holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holding {
    /// An address that codes are mailed to.
    Email(EmailAddress),
    /// A number that codes are texted to.
    Phone(PhoneNumber),
    /// An app or token that shows changing codes.
    Authenticator {
        /// The shape of its codes.
        totp: Totp,
        /// The shared key, sealed.
        key: Sealed,
        /// The last step whose code was taken, so that each code passes once.
        last_step: Option<u64>,
    },
    /// A saved list of single-use codes.
    RecoveryCodes {
        /// How many are unspent.
        remaining: u32,
    },
    /// A key on a device, or on several, that signs what it is asked to.
    Passkey(Box<Passkey>),
}

/// How sure we are that an entry is the person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Registered, and no code came back yet.
    Unconfirmed,
    /// An administrator filled it in.
    Prefilled,
    /// The person passed a code sent to it or made by it.
    Confirmed { at: Timestamp },
}

/// An address that was removed, remembered only to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemovedAddress {
    pub destination: Destination,
    pub removed_at: Timestamp,
}

/// Why an entry may not be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAdded {
    /// The account holds as many of the kind as it may.
    TooMany {
        /// How many that is.
        at_most: usize,
    },
    /// The account holds this very address.
    AlreadyThere,
}

impl SecurityInfo {
    /// Its kind, which carries the class of its proofs.
    pub(crate) fn kind(&self) -> MethodKind {
        self.holding.kind()
    }

    /// Whether a pass counts as proof at `now`, leaving aside pauses, which the attempts decide.
    pub(crate) fn counts(&self, rules: &ResetRules, now: Timestamp) -> bool {
        let unspent = !matches!(self.holding, Holding::RecoveryCodes { remaining: 0 });
        self.is_known(rules) && unspent && !self.disabled && self.is_settled(rules, now)
    }

    /// Whether it is taken for the person's.
    pub(crate) fn is_known(&self, rules: &ResetRules) -> bool {
        match self.standing {
            Standing::Confirmed { .. } => true,
            Standing::Prefilled => rules.accept_prefilled,
            Standing::Unconfirmed => false,
        }
    }

    /// Whether its quarantine is over. What has none counts at once, also by a clock that is behind the one it was written by.
    pub(crate) fn is_settled(&self, rules: &ResetRules, now: Timestamp) -> bool {
        self.is_first || now.has_reached(self.settles_at(rules))
    }

    /// When its quarantine is over.
    pub(crate) fn settles_at(&self, rules: &ResetRules) -> Timestamp {
        if self.is_first { self.changed_at } else { self.changed_at.plus(rules.change_quarantine()) }
    }

    /// Where codes and notices for it go, if it is an address.
    pub(crate) fn destination(&self) -> Option<Destination> {
        self.holding.destination()
    }

    /// What it holds, if it is a passkey.
    pub(crate) fn passkey(&self) -> Option<&Passkey> {
        match &self.holding {
            Holding::Passkey(passkey) => Some(passkey),
            Holding::Email(_)
            | Holding::Phone(_)
            | Holding::Authenticator { .. }
            | Holding::RecoveryCodes { .. } => None,
        }
    }
}

impl Holding {
    /// Its kind.
    pub(crate) fn kind(&self) -> MethodKind {
        match self {
            Self::Email(_) => MethodKind::Email,
            Self::Phone(_) => MethodKind::Phone,
            Self::Authenticator { .. } => MethodKind::Authenticator,
            Self::RecoveryCodes { .. } => MethodKind::RecoveryCode,
            Self::Passkey(_) => MethodKind::Passkey,
        }
    }

    /// Where codes and notices go, if it is an address.
    pub(crate) fn destination(&self) -> Option<Destination> {
        match self {
            Self::Email(address) => Some(Destination::Email(address.clone())),
            Self::Phone(number) => Some(Destination::Phone(number.clone())),
            Self::Authenticator { .. } | Self::RecoveryCodes { .. } | Self::Passkey(_) => None,
        }
    }
}

impl Holding {
    /// Whether both are one mailbox or one phone, however they are spelled.
    pub(crate) fn reaches_same_as(&self, other: &Self) -> bool {
        let [here, there] = [self, other].map(Self::destination);
        here.zip(there).is_some_and(|(here, there)| here.canonical() == there.canonical())
    }
}

impl From<&Destination> for Holding {
    fn from(destination: &Destination) -> Self {
        match destination {
            Destination::Email(address) => Self::Email(address.clone()),
            Destination::Phone(number) => Self::Phone(number.clone()),
        }
    }
}

/// Most entries of a kind: enough for every address a person has, few enough to tell them all.
pub(crate) const fn most_of(kind: MethodKind) -> usize {
    match kind {
        MethodKind::Email | MethodKind::Phone | MethodKind::Authenticator | MethodKind::Passkey => 5,
        MethodKind::RecoveryCode => 1,
    }
}

/// Whether the account may take one more entry.
pub(crate) fn may_add(held: &[SecurityInfo], new: &Holding) -> Result<(), NotAdded> {
    if held.iter().any(|entry| entry.holding.reaches_same_as(new)) {
        return Err(NotAdded::AlreadyThere);
    }
    has_room(held, new.kind())
}

/// Whether the account may take one more of a kind.
pub(crate) fn has_room(held: &[SecurityInfo], kind: MethodKind) -> Result<(), NotAdded> {
    let at_most = most_of(kind);
    if held.iter().filter(|entry| entry.kind() == kind).count() >= at_most {
        return Err(NotAdded::TooMany { at_most });
    }
    Ok(())
}

/// Whether a new entry is one of the first of its account and so is spared the quarantine: none of the others can be what a
/// thief of the session would have to get around. One that is confirmed counts here also while it is disabled or in quarantine
/// itself. `had_any_removed` tells whether an address was removed lately, since clearing the list must not make it new again.
pub(crate) fn is_first(others: &[SecurityInfo], had_any_removed: bool, rules: &ResetRules) -> bool {
    !had_any_removed && !others.iter().any(|entry| entry.is_known(rules))
}

/// Whether a sign-in is fresh enough to change security info.
pub(crate) fn is_fresh_sign_in(auth_time: Timestamp, now: Timestamp) -> bool {
    auth_time.is_within(FRESH_SIGN_IN, now)
}

/// Every address that is notified of what happened to the account: those it has, confirmed or filled in by an
/// administrator, and those removed in the last 7 days, each mailbox and phone once. An unconfirmed one may be a
/// stranger's.
pub(crate) fn notified(
    held: &[SecurityInfo],
    removed: &[RemovedAddress],
    now: Timestamp,
) -> Vec<Destination> {
    let current = held
        .iter()
        .filter(|entry| !matches!(entry.standing, Standing::Unconfirmed))
        .filter_map(SecurityInfo::destination);
    let lately = removed
        .iter()
        .filter(|address| now.since(address.removed_at) < REMOVED_STILL_TOLD)
        .map(|address| address.destination.clone());
    let mut seen = HashSet::new();
    current.chain(lately).filter(|address| seen.insert(address.canonical().into_owned())).collect()
}

#[cfg(test)]
mod tests;
