//! What is done to an account by saying yes: each act has an address, roles, and words for before and after.

use rekey_primitives::id::{SecurityInfoId, SessionId};
use rekey_wire::access::role_named;
use rekey_wire::options::v1::Role;

use super::access::{ACCOUNTS, FROZEN, METHODS, ROLES, SUPPORT};
use crate::words::AccountsWords;

/// An act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Unlock,
    Block,
    Unblock,
    Unfreeze,
    EndSessions,
    EndSession,
    RevokePass,
    RemoveMethod,
    GrantRole,
    RevokeRole,
    Exempt,
    EndExemption,
    Delete,
    Undelete,
    Erase,
}

impl Act {
    const ALL: [Self; 15] = [
        Self::Unlock,
        Self::Block,
        Self::Unblock,
        Self::Unfreeze,
        Self::EndSessions,
        Self::EndSession,
        Self::RevokePass,
        Self::RemoveMethod,
        Self::GrantRole,
        Self::RevokeRole,
        Self::Exempt,
        Self::EndExemption,
        Self::Delete,
        Self::Undelete,
        Self::Erase,
    ];

    /// Its word in addresses.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Unlock => "unlock",
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::Unfreeze => "unfreeze",
            Self::EndSessions => "end-sessions",
            Self::EndSession => "end-session",
            Self::RevokePass => "end-access-pass",
            Self::RemoveMethod => "remove-method",
            Self::GrantRole => "grant-role",
            Self::RevokeRole => "revoke-role",
            Self::Exempt => "exempt-from-expiry",
            Self::EndExemption => "end-exemption",
            Self::Delete => "delete",
            Self::Undelete => "undelete",
            Self::Erase => "erase",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.word() == word)
    }

    /// Whose roles include it.
    pub(super) const fn roles(self) -> &'static [Role] {
        match self {
            Self::Unlock | Self::EndSessions | Self::EndSession => SUPPORT,
            Self::Unfreeze => FROZEN,
            Self::RevokePass | Self::RemoveMethod => METHODS,
            Self::GrantRole | Self::RevokeRole => ROLES,
            Self::Block
            | Self::Unblock
            | Self::Exempt
            | Self::EndExemption
            | Self::Delete
            | Self::Undelete
            | Self::Erase => ACCOUNTS,
        }
    }

    /// Whether it may be about this: an entry, a session or a role of the account, or the account alone.
    pub(super) fn takes(self, of: &str) -> bool {
        match self {
            Self::EndSession => SessionId::parse(of).is_ok(),
            Self::RemoveMethod => SecurityInfoId::parse(of).is_ok(),
            Self::GrantRole | Self::RevokeRole => {
                role_named(of).is_some_and(|role| role != Role::Unspecified)
            }
            _ => of.is_empty(),
        }
    }

    /// Whether the account is not found by its page any more.
    pub(super) const fn removes(self) -> bool {
        matches!(self, Self::Delete | Self::Erase)
    }

    /// Whether something is lost by it.
    pub(super) const fn is_loss(self) -> bool {
        match self {
            Self::Block
            | Self::EndSessions
            | Self::EndSession
            | Self::RevokePass
            | Self::RemoveMethod
            | Self::RevokeRole
            | Self::Delete
            | Self::Erase => true,
            Self::Unlock
            | Self::Unblock
            | Self::Unfreeze
            | Self::GrantRole
            | Self::Exempt
            | Self::EndExemption
            | Self::Undelete => false,
        }
    }

    /// What its button says.
    pub(super) fn label(self, words: &AccountsWords) -> &str {
        match self {
            Self::Unlock => &words.unlock,
            Self::Block => &words.block,
            Self::Unblock => &words.unblock,
            Self::Unfreeze => &words.unfreeze,
            Self::EndSessions => &words.end_sessions,
            Self::EndSession => &words.end_session,
            Self::RevokePass => &words.revoke_pass,
            Self::RemoveMethod => &words.remove_method,
            Self::GrantRole => &words.grant_role,
            Self::RevokeRole => &words.revoke_role,
            Self::Exempt => &words.exempt,
            Self::EndExemption => &words.end_exemption,
            Self::Delete => &words.delete,
            Self::Undelete => &words.undelete,
            Self::Erase => &words.erase,
        }
    }

    /// What will happen.
    pub(super) fn lead(self, words: &AccountsWords) -> &str {
        match self {
            Self::Unlock => &words.unlock_lead,
            Self::Block => &words.block_lead,
            Self::Unblock => &words.unblock_lead,
            Self::Unfreeze => &words.unfreeze_lead,
            Self::EndSessions => &words.end_sessions_lead,
            Self::EndSession => &words.end_session_lead,
            Self::RevokePass => &words.revoke_pass_lead,
            Self::RemoveMethod => &words.remove_method_lead,
            Self::GrantRole => &words.grant_role_lead,
            Self::RevokeRole => &words.revoke_role_lead,
            Self::Exempt => &words.exempt_lead,
            Self::EndExemption => &words.end_exemption_lead,
            Self::Delete => &words.delete_lead,
            Self::Undelete => &words.undelete_lead,
            Self::Erase => &words.erase_lead,
        }
    }

    /// What has happened.
    pub(super) fn done(self, words: &AccountsWords) -> &str {
        match self {
            Self::Unlock => &words.unlock_done,
            Self::Block => &words.block_done,
            Self::Unblock => &words.unblock_done,
            Self::Unfreeze => &words.unfreeze_done,
            Self::EndSessions => &words.end_sessions_done,
            Self::EndSession => &words.end_session_done,
            Self::RevokePass => &words.revoke_pass_done,
            Self::RemoveMethod => &words.remove_method_done,
            Self::GrantRole => &words.grant_role_done,
            Self::RevokeRole => &words.revoke_role_done,
            Self::Exempt => &words.exempt_done,
            Self::EndExemption => &words.end_exemption_done,
            Self::Delete => &words.delete_done,
            Self::Undelete => &words.undelete_done,
            Self::Erase => &words.erase_done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190c3a5-7e1c-7b2a-9f00-0123456789ab";

    #[test]
    fn an_act_is_found_by_its_word() {
        for act in Act::ALL {
            assert_eq!(Act::parse(act.word()), Some(act));
        }
        assert_eq!(Act::parse("names"), None);
        assert_eq!(Act::parse(""), None);
    }

    #[test]
    fn an_act_is_about_what_it_can_be_done_to() {
        assert!(Act::EndSession.takes(ID) && !Act::EndSession.takes("") && !Act::EndSession.takes("x"));
        assert!(Act::RemoveMethod.takes(ID) && !Act::RemoveMethod.takes("email"));
        assert!(Act::GrantRole.takes("reports_reader") && Act::RevokeRole.takes("global_administrator"));
        assert!(!Act::GrantRole.takes("unspecified") && !Act::GrantRole.takes("king"));
        assert!(Act::Delete.takes("") && !Act::Delete.takes(ID));
    }
}
