//! Help requests: a person who cannot get in asks an administrator.
//!
//! A stranger can ask in anybody's name, so the message is plain and short, has no links, and only a
//! request that came with a passed proof is mailed at once. An account has one open request; one with a
//! proof replaces one without, never the other way round.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, HelpRequestId, TenantId};
use rekey_primitives::text::links::message_has_link;
use rekey_primitives::text::{breaks_line, character_count, is_blank, is_invisible, is_shaping};
use strum::{EnumString, IntoStaticStr};

use super::authority::{Role, RoleSet};

/// Longest message, in characters: enough to say what happened, too short for a pamphlet.
pub(crate) const MESSAGE_MAX: usize = 500;

/// Most administrators told of one request.
pub(crate) const RECIPIENTS_MAX: usize = 100;

/// A person asking an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HelpRequest {
    /// Names it within the tenant.
    pub id: HelpRequestId,
    pub tenant_id: TenantId,
    pub account_id: AccountId,
    pub message: Message,
    /// Whether a method was passed in the reset it came from.
    pub proved: bool,
    /// How far it is.
    pub state: HelpState,
    /// Who claimed or settled it.
    pub handled_by: Option<AccountId>,
    pub created_at: Timestamp,
    /// When it last moved.
    pub updated_at: Timestamp,
    /// When it expires if nobody settles it.
    pub expires_at: Timestamp,
    /// When its person was last verified on the phone.
    pub caller_verified_at: Option<Timestamp>,
    /// Raised by every change; the etag shown to callers is made of it.
    pub version: i64,
}

/// How far a help request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum HelpState {
    /// Nobody has taken it.
    Open,
    /// An administrator works on it.
    Claimed,
    /// The person was helped.
    Resolved,
    /// It was refused.
    Denied,
    /// Nobody settled it in time.
    Expired,
}

/// Which help requests; every part that is given must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct HelpFilter {
    pub state: Option<HelpState>,
    /// Whose; each account has few.
    pub account_id: Option<AccountId>,
}

/// A message fit to be read by an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Message(String);

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageRefused {
    /// Longer than [`MESSAGE_MAX`].
    TooLong,
    /// Contains something that reads as a link.
    Link,
    /// Contains control characters or such as do not show, other than those that shape their neighbours.
    NotPlain,
}

/// What a new request does to one that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filing {
    /// There is none: file it.
    File,
    /// It takes the place of an unproved one.
    Replace,
    /// It is dropped; the person gets the same answer.
    Drop,
}

/// What an administrator does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HelpAct {
    /// Takes it.
    Claim,
    /// Closes it: the person was helped.
    Resolve,
    /// Closes it: the person is not helped.
    Deny,
}

/// Why a request does not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotMoved {
    /// It was settled, or its time is over.
    Settled,
    /// Somebody else works on it.
    ClaimedByAnother,
}

impl Message {
    /// Reads a message; empty is allowed. Line breaks are kept, other controls are not.
    pub(crate) fn parse(text: &str) -> Result<Self, MessageRefused> {
        let text = text.replace("\r\n", "\n");
        if character_count(&text) > MESSAGE_MAX {
            return Err(MessageRefused::TooLong);
        }
        let text = text.trim_matches(is_blank);
        let is_odd = |c: char| (breaks_line(c) && c != '\n') || (is_invisible(c) && !is_shaping(c));
        if text.chars().any(is_odd) {
            return Err(MessageRefused::NotPlain);
        }
        if message_has_link(text) {
            return Err(MessageRefused::Link);
        }
        Ok(Self(text.to_owned()))
    }

    /// Takes a message that was stored, as it is.
    pub(crate) const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl HelpState {
    /// The name in requests, rows and events.
    pub(crate) const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// Reads the name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}

/// What becomes of a new request beside the one that is open, given whether that one is proved.
pub(crate) const fn filing(open_is_proved: Option<bool>, new_is_proved: bool) -> Filing {
    match (open_is_proved, new_is_proved) {
        (None, _) => Filing::File,
        (Some(false), true) => Filing::Replace,
        (Some(_), _) => Filing::Drop,
    }
}

/// The state of a request after an act of `by`, `None` for a backend in its own name.
///
/// ```text
///   OPEN ──claim──► CLAIMED ──resolve, deny──► RESOLVED, DENIED
///    │                 │
///    ├─resolve, deny───┼──────────────────────► RESOLVED, DENIED
///    └──── its time ───┴──────────────────────► EXPIRED
/// ```
///
/// A claim says who works on it and binds nobody: another administrator may close what somebody left lying.
pub(crate) fn moved(
    request: &HelpRequest,
    act: HelpAct,
    by: Option<AccountId>,
    now: Timestamp,
) -> Result<HelpState, NotMoved> {
    if now.has_reached(request.expires_at) {
        return Err(NotMoved::Settled);
    }
    match (request.state, act) {
        (HelpState::Resolved | HelpState::Denied | HelpState::Expired, _) => Err(NotMoved::Settled),
        (HelpState::Open | HelpState::Claimed, HelpAct::Resolve) => Ok(HelpState::Resolved),
        (HelpState::Open | HelpState::Claimed, HelpAct::Deny) => Ok(HelpState::Denied),
        (HelpState::Open, HelpAct::Claim) => Ok(HelpState::Claimed),
        (HelpState::Claimed, HelpAct::Claim) if by.is_some() && by == request.handled_by => {
            Ok(HelpState::Claimed)
        }
        (HelpState::Claimed, HelpAct::Claim) => Err(NotMoved::ClaimedByAnother),
    }
}

/// When a request filed now expires.
pub(crate) fn expires_at(expiry_days: u32, now: Timestamp) -> Timestamp {
    now.plus(Duration::from_secs(86_400 * u64::from(expiry_days)))
}

/// Who is told: the first tier that has anybody, without the person who is locked out.
///
/// The tiers are those nearest to the work first, so that global administrators are bothered only in
/// tenants that have nobody else. `administrators` come in the order in which they are to be cut at
/// [`RECIPIENTS_MAX`].
pub(crate) fn recipients(administrators: &[(AccountId, RoleSet)], locked_out: AccountId) -> Vec<AccountId> {
    const TIERS: [&[Role]; 3] = [
        &[Role::PasswordAdministrator, Role::HelpdeskAdministrator],
        &[Role::UserAdministrator],
        &[Role::GlobalAdministrator],
    ];
    TIERS
        .iter()
        .map(|tier| {
            administrators
                .iter()
                .filter(|(id, roles)| *id != locked_out && tier.iter().any(|role| roles.contains(*role)))
                .map(|(id, _)| *id)
                .take(RECIPIENTS_MAX)
                .collect::<Vec<_>>()
        })
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
