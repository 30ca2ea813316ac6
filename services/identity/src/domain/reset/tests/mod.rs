//! Resets of Anna's account, seen from each step.

mod classifier;
mod complete;
mod fuzz;
mod kinds;
mod offer;
mod proofs;
mod shares;
mod token;

use std::collections::BTreeSet;
use std::time::Duration;

use rekey_primitives::contact::Destination;
use rekey_primitives::login::Login;
use rekey_primitives::method::MethodKind;

use super::complete::{Completion, Stopped, has_its_proofs, may_continue};
use super::offer::{OfferBasis, Offered, Target};
use super::proofs::{Proof, remaining_shown};
use super::shares::Shares;
use super::*;
use crate::domain::account::Account;
use crate::domain::attempts::AttemptOrigin;
use crate::domain::authority::{Role, RoleSet};
use crate::domain::eligibility::{Candidate, Ineligible, JudgedAccount, Requirement, judge};
use crate::domain::fixtures::{
    account, authenticator, email, holding, now, passkey, phone, recovery_codes, tenant,
};
use crate::domain::policy::{MethodHints, Policy};
use crate::domain::refusal::Refusal;
use crate::domain::security_info::{SecurityInfo, Standing};
use crate::domain::tenant::Tenant;

const CALLER: [u8; 32] = [8; 32];

/// The policy of a tenant whose resets show what an account has.
fn masked() -> Policy {
    let mut policy = Policy::default();
    policy.reset.method_hints = MethodHints::Masked;
    policy
}

fn login() -> Login {
    Login::parse("anna.blume@acme.example").unwrap()
}

/// A seed that looks like a hash.
fn seed(number: u8) -> Seed {
    Seed::new(std::array::from_fn(|at| number.wrapping_mul(97).wrapping_add((at as u8).wrapping_mul(151))))
}

fn position(index: usize) -> Position {
    Position::of_index(index).unwrap()
}

fn judged(account: &Account, policy: &Policy) -> JudgedAccount {
    let judgement = judge(&Candidate { account, groups: &BTreeSet::new(), has_seat: true }, policy, now());
    JudgedAccount { account: account.clone(), judgement }
}

fn offered_to(account: &Account, policy: &Policy) -> Offer {
    let shares = Shares::default();
    let basis = OfferBasis { seed: &seed(1), login: &login(), tenant: &tenant(), policy, shares: &shares };
    basis.for_account(&judged(account, policy))
}

fn for_nobody(seed: &Seed, login: &Login, tenant: &Tenant, policy: &Policy) -> Offer {
    OfferBasis { seed, login, tenant, policy, shares: &Shares::default() }.for_nobody()
}

/// Whether a reset may set a password after so many attempts.
fn may_complete(
    state: &ResetState,
    judged: Option<&JudgedAccount>,
    attempts: u32,
    policy: &Policy,
) -> Result<(), Stopped> {
    Completion { state, caller: &CALLER, judged, policy, now: now() }.may_set_password(attempts)
}

fn state(account: &Account, policy: &Policy) -> ResetState {
    ResetState {
        reset_id: ResetId::from_uuid(Uuid::from_u128(11)),
        caller: CALLER,
        tenant_id: tenant().id,
        account_id: Some(account.id),
        from: AttemptOrigin::FamiliarPlace,
        is_silent: false,
        epoch: account.epoch,
        recovery_version: account.recovery_version,
        seed: seed(1),
        offer: offered_to(account, policy),
        proofs_required: policy.reset.proofs_required,
        proofs: Proofs::default(),
        ip_address: Some("2001:db8::7".parse().unwrap()),
        locale: Some(Locale::parse("de-AT").unwrap()),
        started_at: now(),
        expires_at: now().plus(policy.reset.life()),
    }
}

fn passed(state: &ResetState, indexes: &[usize]) -> ResetState {
    let proofs = indexes.iter().fold(Proofs::default(), |proofs, index| {
        let kind = state.offer.get(position(*index)).unwrap().kind;
        proofs.with(Proof { position: position(*index), kind })
    });
    ResetState { proofs, ..state.clone() }
}

fn completes(state: &ResetState, account: &Account, policy: &Policy) -> Result<(), Stopped> {
    may_complete(state, Some(&judged(account, policy)), 0, policy)
}

fn kinds(offer: &Offer) -> Vec<MethodKind> {
    offer.iter().map(|(_, offered)| offered.kind).collect()
}
