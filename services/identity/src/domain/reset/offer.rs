//! The methods a reset offers, by the tenant's choice: the same kinds to everybody, or what the account has, with decoys
//! where there is nothing to offer. Both follow the tenant's policy of today.

use rekey_primitives::contact::Destination;
use rekey_primitives::id::SecurityInfoId;
use rekey_primitives::login::Login;
use rekey_primitives::method::{MethodKind, ProofClass};

use super::Position;
use super::decoy::{Look, Seed};
use super::recipients::Recipients;
use super::shares::{Draw, Shares};
use crate::domain::eligibility::{Ineligible, JudgedAccount, in_offering_order};
use crate::domain::policy::{MethodHints, Policy};
use crate::domain::security_info::SecurityInfo;
use crate::domain::tenant::Tenant;

/// Most methods one reset offers. More would not help a person, and the token has a place for each.
pub(crate) const OFFERED_MAX: usize = 8;

/// The methods of one reset, by position.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Offer(Vec<Offered>);

/// One method as offered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offered {
    pub kind: MethodKind,
    /// What stands behind it.
    pub target: Target,
}

/// What stands behind an offered method.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// An entry of the account's security info.
    Entry(SecurityInfoId),
    /// Whatever the account has of the kind, or nothing.
    Kind(Recipients),
    /// Nothing; it only looks like something.
    Decoy(Look),
}

impl Offer {
    /// The methods in their order; beyond [`OFFERED_MAX`] they are cut.
    pub(crate) fn new(mut offered: Vec<Offered>) -> Self {
        offered.truncate(OFFERED_MAX);
        Self(offered)
    }

    /// The method at a position.
    pub(crate) fn get(&self, position: Position) -> Option<&Offered> {
        self.0.get(position.index())
    }

    /// Every method with its position.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Position, &Offered)> {
        self.0.iter().enumerate().filter_map(|(index, offered)| Some((Position::of_index(index)?, offered)))
    }
}

/// What an offer is made of beside the account.
#[derive(Clone, Copy)]
pub(crate) struct OfferBasis<'a> {
    pub seed: &'a Seed,
    pub login: &'a Login,
    pub tenant: &'a Tenant,
    pub policy: &'a Policy,
    /// What decoys are drawn from; nobody's where kinds are offered.
    pub shares: &'a Shares,
}

impl OfferBasis<'_> {
    /// What a reset of this account offers: the kinds that everybody is offered, or the methods of it that count. One that
    /// may not reset shows what it would show otherwise; one whose methods are too few, which none is that may, what a login
    /// that does not exist shows.
    pub(crate) fn for_account(&self, judged: &JudgedAccount) -> Offer {
        let JudgedAccount { account, judgement } = judged;
        let counts = |entry: &&SecurityInfo| judgement.counting.contains(&entry.id);
        let counting: Vec<_> = in_offering_order(account, self.policy).into_iter().filter(counts).collect();
        let own = |entry: &SecurityInfo| Offered { kind: entry.kind(), target: Target::Entry(entry.id) };
        match self.policy.reset.method_hints {
            MethodHints::Kinds => self.kinds(&counting),
            MethodHints::Masked if judgement.reasons.contains(&Ineligible::TooFewMethods) => self.decoys(),
            MethodHints::Masked => Offer::new(fitting(counting).into_iter().map(own).collect()),
        }
    }

    /// What a reset of a login that does not exist offers.
    pub(crate) fn for_nobody(&self) -> Offer {
        match self.policy.reset.method_hints {
            MethodHints::Kinds => self.kinds(&[]),
            MethodHints::Masked => self.decoys(),
        }
    }

    /// The kinds that policy allows, in one order for everybody.
    fn kinds(&self, counting: &[&SecurityInfo]) -> Offer {
        let offered = self.policy.reset.allowed_methods.iter().map(|&kind| Offered {
            kind,
            target: Target::Kind(Recipients::of(kind, counting.iter().copied())),
        });
        Offer::new(offered.collect())
    }

    fn decoys(&self) -> Offer {
        let Self { seed, login, tenant, policy, shares } = *self;
        let drawn = shares.decoys(&Draw { seed, login, tenant, rules: &policy.reset });
        Offer::new(
            drawn.into_iter().map(|(kind, look)| Offered { kind, target: Target::Decoy(look) }).collect(),
        )
    }
}

/// As many of these as one reset offers, in their order. Where they are more, further addresses are left out first and no kind
/// goes wholly, so that whoever needs two classes is offered two.
pub(super) fn fitting(mut entries: Vec<&SecurityInfo>) -> Vec<&SecurityInfo> {
    let is_one_of_several = |entries: &[&SecurityInfo], index: usize| {
        entries.iter().filter(|other| other.kind() == entries[index].kind()).count() > 1
    };
    while entries.len() > OFFERED_MAX {
        let last = |is_right: &dyn Fn(&SecurityInfo) -> bool| {
            (0..entries.len())
                .rev()
                .find(|index| is_right(entries[*index]) && is_one_of_several(&entries, *index))
        };
        let address = last(&|entry| entry.kind().class() == ProofClass::Issued);
        // There are fewer kinds than places, so one of several is always there.
        let Some(left_out) = address.or_else(|| last(&|_| true)) else { break };
        entries.remove(left_out);
    }
    entries
}

/// Where messages for an offered method go. Nowhere for codes the person already has, for entries that the account no longer
/// holds, and for a kind of which it has nothing.
pub(crate) fn destinations(offered: &Offered, held: &[SecurityInfo], seed: &Seed) -> Vec<Destination> {
    let addresses: Vec<Option<Destination>> = match &offered.target {
        Target::Entry(id) => {
            held.iter().filter(|entry| entry.id == *id).map(SecurityInfo::destination).collect()
        }
        Target::Kind(recipients) => {
            recipients.among(offered.kind, held).map(SecurityInfo::destination).collect()
        }
        Target::Decoy(look) => vec![look.destination(offered.kind, seed)],
    };
    addresses.into_iter().flatten().collect()
}

/// The mask that is shown of an offered method: none of a kind.
pub(crate) fn mask(offered: &Offered, held: &[SecurityInfo], seed: &Seed) -> String {
    match offered.target {
        Target::Kind(_) => String::new(),
        Target::Entry(_) | Target::Decoy(_) => {
            destinations(offered, held, seed).first().map(Destination::masked).unwrap_or_default()
        }
    }
}
