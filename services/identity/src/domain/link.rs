//! Links between a person's accounts of two tenants.
//!
//! A person makes a link, freshly signed in to both accounts; no address and no login does. Each side remembers the epoch
//! that its account was in. Once either account is in another, or has been signed in to with an access pass, whoever holds
//! it now need not be who made the link, so it is suspended until both are signed in to again and linked anew.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};
use serde::{Deserialize, Serialize};

use super::account::{Account, CredentialEpoch};

/// Most links of an account: more organisations than anybody works for, few enough to read them all.
pub(crate) const LINKS_MAX: u32 = 20;

/// An account by tenant and id: one end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct LinkEnd {
    pub tenant_id: TenantId,
    pub account_id: AccountId,
}

/// One side of a link, as the account at `here` remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub here: LinkEnd,
    pub there: LinkEnd,
    /// The epoch of the account at `here` when it was linked; `None` since an access pass signed in to it.
    pub epoch: Option<CredentialEpoch>,
    pub linked_at: Timestamp,
}

/// A link as seen from one of its accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkState {
    /// The person can move along it.
    Live,
    /// It holds again once the accounts are linked anew.
    Suspended,
}

impl LinkEnd {
    /// The end at an account.
    pub(crate) const fn of(account: &Account) -> Self {
        Self { tenant_id: account.tenant_id, account_id: account.id }
    }
}

impl Link {
    /// Whether this side of the link still stands, by its account of today.
    pub(crate) fn stands(&self, account: &Account) -> bool {
        LinkEnd::of(account) == self.here && self.epoch == Some(account.epoch) && account.is_open()
    }
}

/// Whether a person can move from one account to the other, by both sides of their link.
pub(crate) fn state(here: (&Link, &Account), there: (&Link, &Account)) -> LinkState {
    let are_one = here.0.there == there.0.here && there.0.there == here.0.here;
    if are_one && here.0.stands(here.1) && there.0.stands(there.1) {
        LinkState::Live
    } else {
        LinkState::Suspended
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::id::TenantId;
    use uuid::Uuid;

    use super::*;
    use crate::domain::fixtures;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_900_000_000_000_000);

    fn account(number: u128) -> Account {
        let tenant_id = TenantId::from_uuid(Uuid::from_u128(number));
        Account { tenant_id, id: AccountId::from_uuid(Uuid::from_u128(number)), ..fixtures::account() }
    }

    fn link(here: &Account, there: &Account) -> Link {
        let (epoch, linked_at) = (Some(here.epoch), NOW);
        Link { here: LinkEnd::of(here), there: LinkEnd::of(there), epoch, linked_at }
    }

    #[test]
    fn a_link_holds_while_both_sides_stand() {
        let (here, there) = (account(1), account(2));
        let (out, back) = (link(&here, &there), link(&there, &here));

        assert_eq!(state((&out, &here), (&back, &there)), LinkState::Live);
    }

    #[test]
    fn a_new_epoch_a_pass_or_a_block_on_either_side_suspends_it() {
        let (here, there) = (account(1), account(2));
        let (out, back) = (link(&here, &there), link(&there, &here));
        let changed = |account: &Account| Account { epoch: account.epoch.next(), ..account.clone() };
        let blocked = |account: &Account| Account { blocked: true, ..account.clone() };
        let passed = |link: &Link| Link { epoch: None, ..*link };

        let suspended = [
            state((&out, &changed(&here)), (&back, &there)),
            state((&out, &here), (&back, &changed(&there))),
            state((&out, &blocked(&here)), (&back, &there)),
            state((&out, &here), (&back, &blocked(&there))),
            state((&passed(&out), &here), (&back, &there)),
            state((&out, &here), (&passed(&back), &there)),
        ];

        assert_eq!(suspended, [LinkState::Suspended; 6]);
    }

    #[test]
    fn a_side_that_points_elsewhere_is_no_side_of_it() {
        let (here, there, other) = (account(1), account(2), account(3));
        let (out, back) = (link(&here, &there), link(&there, &other));

        assert_eq!(state((&out, &here), (&back, &there)), LinkState::Suspended);
    }
}
