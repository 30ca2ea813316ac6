//! The proofs of a reset, and whether they are enough.
//!
//! A proof carries the class of its kind, so "two proofs of two classes" is decided here and nowhere else.
//! What is shown before the first accepted proof is the tenant's number for everybody: a higher one would
//! point out administrators.

use std::collections::BTreeSet;

use rekey_primitives::method::{MethodKind, ProofClass};

use super::Position;
use crate::domain::eligibility::Requirement;
use crate::domain::policy::Policy;

/// Most proofs a reset keeps: no rule asks for more than two.
pub(crate) const PROOFS_MAX: usize = 2;

/// A method that was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proof {
    /// Which method of this reset.
    pub position: Position,
    pub kind: MethodKind,
}

/// The proofs passed so far, by different methods.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Proofs(Vec<Proof>);

impl Proof {
    /// What it counts as.
    pub(crate) fn class(self) -> ProofClass {
        self.kind.class()
    }
}

impl Proofs {
    /// The proofs with one more. A method passed again changes nothing; a third proof replaces the second
    /// only where it brings a class that is missing, or a kind where both were of one.
    #[must_use]
    pub(crate) fn with(&self, proof: Proof) -> Self {
        let mut proofs = self.0.clone();
        if proofs.iter().any(|held| held.position == proof.position) {
            return self.clone();
        }
        if proofs.len() < PROOFS_MAX {
            proofs.push(proof);
        } else if proofs.iter().all(|held| held.class() != proof.class())
            || proofs.iter().all(|held| held.kind == proofs[0].kind && held.kind != proof.kind)
        {
            proofs[PROOFS_MAX - 1] = proof;
        }
        Self(proofs)
    }

    /// The proofs whose method still counts.
    #[must_use]
    pub(crate) fn only(&self, mut still_counts: impl FnMut(&Proof) -> bool) -> Self {
        Self(self.0.iter().copied().filter(|proof| still_counts(proof)).collect())
    }

    /// The proofs, in the order in which they were passed.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Proof> {
        self.0.iter().copied()
    }

    /// Whether nothing was passed.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many more proofs make up this number.
    pub(crate) fn missing_of(&self, required: u8) -> u8 {
        required.saturating_sub(u8::try_from(self.0.len()).unwrap_or(u8::MAX))
    }

    /// How many more proofs are needed.
    pub(crate) fn remaining(&self, requirement: Requirement) -> u8 {
        let by_count = if requirement.distinct_kinds {
            let kinds: BTreeSet<MethodKind> = self.0.iter().map(|proof| proof.kind).collect();
            requirement.proofs.saturating_sub(u8::try_from(kinds.len()).unwrap_or(u8::MAX))
        } else {
            self.missing_of(requirement.proofs)
        };
        let has_two_classes = self.0.iter().any(|proof| proof.class() != self.0[0].class());
        let by_class = match (requirement.two_classes, self.0.is_empty(), has_two_classes) {
            (false, ..) | (true, _, true) => 0,
            (true, true, false) => 2,
            (true, false, false) => 1,
        };
        by_count.max(by_class)
    }
}

/// `proofs_remaining` as shown: the tenant's number until a proof was accepted, the truth after.
pub(crate) fn remaining_shown(proofs: &Proofs, requirement: Requirement, policy: &Policy) -> u8 {
    if proofs.is_empty() { policy.reset.proofs_required } else { proofs.remaining(requirement) }
}
