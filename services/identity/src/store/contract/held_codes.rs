//! Codes of authenticators and saved lists: each is spent once, whoever races for it.

use futures_util::future::join_all;
use rekey_primitives::id::SecurityInfoId;
use uuid::Uuid;

use super::world::{NOW, World, after, idempotent};
use crate::domain::account::Account;
use crate::domain::attempts::AttemptOrigin;
use crate::domain::audit::EventKind;
use crate::domain::policy::ResetRules;
use crate::domain::scope::TenantScope;
use crate::domain::sealed::Sealed;
use crate::domain::security_info::{Holding, SecurityInfo};
use crate::domain::totp::{Totp, TotpHash};
use crate::store::StepOutcome;
use crate::store::accounts::{AccountChange, HeldCode, HeldCodeKind, PassedCode};
use crate::store::resets::{AcceptedProof, AttemptCounted, CodeAttempt, CodeSource};
use crate::store::sign_ins::{OpenSession, PassedFactor, Stale};

const COUNTER: Uuid = Uuid::from_u128(55);

impl World {
    /// An account with an authenticator beside its address, and the entry of it.
    async fn with_authenticator(&self, scope: &TenantScope) -> (Account, SecurityInfoId) {
        let holding = Holding::Authenticator {
            totp: Totp { hash: TotpHash::Sha1, digits: 6 },
            key: Sealed::new(b"sealed key".to_vec()),
            last_step: None,
        };
        let entry = SecurityInfo { holding, ..self.entry("app@mail.example") };
        let id = entry.id;
        let mut account = self.unborn_account(scope, "anna");
        account.security_info.push(entry);
        (self.create_account(scope, &account).await, id)
    }

    /// A list of two codes in the place of every other.
    async fn with_list(&self, scope: &TenantScope, account: &Account, hashes: [u8; 2]) -> SecurityInfoId {
        let holding = Holding::RecoveryCodes { remaining: 2 };
        let entry = SecurityInfo { holding, ..self.entry("list@mail.example") };
        let id = entry.id;
        let hashes = hashes.map(|hash| [hash; 32]).to_vec();
        let change = AccountChange::ReplaceRecoveryCodes { entry, hashes };
        assert!(matches!(self.change(scope, account, change).await, StepOutcome::Done(_)));
        id
    }

    async fn proves(&self, scope: &TenantScope, passed: PassedCode, request: u8) -> bool {
        let event = self.event(scope, EventKind::ResetProofSubmitted);
        let proof = AcceptedProof { method: COUNTER, spent: Some(passed), event };
        let step = self.store.proof_accepted(scope, &proof, idempotent(request, 1), NOW).await.unwrap();
        step == StepOutcome::Done(())
    }
}

fn step_of(account: &Account, entry: SecurityInfoId, step: u64) -> PassedCode {
    let code = HeldCode { entry, kind: HeldCodeKind::Step { step, resealed: None } };
    PassedCode { account_id: account.id, code, counter: COUNTER }
}

fn saved_of(account: &Account, entry: SecurityInfoId, hash: u8) -> PassedCode {
    let code = HeldCode { entry, kind: HeldCodeKind::Saved { hash: [hash; 32] } };
    PassedCode { account_id: account.id, code, counter: COUNTER }
}

pub(super) async fn a_step_is_taken_once_and_none_before_it(world: World) {
    let scope = world.tenant().await;
    let (anna, app) = world.with_authenticator(&scope).await;

    let mut taken = Vec::new();
    for (request, step) in (0..).zip([7, 7, 6, 8]) {
        taken.push(world.proves(&scope, step_of(&anna, app, step), request).await);
    }

    assert_eq!(taken, [true, false, false, true]);
    let events = world.kinds(&scope).await;
    assert_eq!(events.iter().filter(|kind| **kind == EventKind::ResetProofSubmitted).count(), 2);
}

pub(super) async fn a_key_is_sealed_anew_with_the_step_that_is_taken(world: World) {
    let scope = world.tenant().await;
    let (anna, app) = world.with_authenticator(&scope).await;
    let mut passed = step_of(&anna, app, 7);
    passed.code.kind =
        HeldCodeKind::Step { step: 7, resealed: Some(Sealed::new(b"under another pepper".to_vec())) };

    assert!(world.proves(&scope, passed, 1).await);
    assert!(world.proves(&scope, step_of(&anna, app, 8), 2).await);

    let read = world.read(&scope, anna.id).await;
    let held = read.security_info.iter().find(|entry| entry.id == app).unwrap();
    assert_eq!(
        held.holding,
        Holding::Authenticator {
            totp: Totp { hash: TotpHash::Sha1, digits: 6 },
            key: Sealed::new(b"under another pepper".to_vec()),
            last_step: Some(8),
        }
    );
}

pub(super) async fn of_many_who_show_one_code_one_passes(world: World) {
    let scope = world.tenant().await;
    let (anna, app) = world.with_authenticator(&scope).await;
    let list = world.with_list(&scope, &anna, [1, 2]).await;

    let steps = join_all((0..8).map(|request| world.proves(&scope, step_of(&anna, app, 7), request))).await;
    let saved =
        join_all((8..16).map(|request| world.proves(&scope, saved_of(&anna, list, 1), request))).await;

    assert_eq!(steps.iter().filter(|passed| **passed).count(), 1);
    assert_eq!(saved.iter().filter(|passed| **passed).count(), 1);
    let read = world.read(&scope, anna.id).await;
    let held = read.security_info.iter().find(|entry| entry.id == list).unwrap();
    assert_eq!(held.holding, Holding::RecoveryCodes { remaining: 1 });
    assert!(world.store.holds_recovery_code(&scope, anna.id, list, &[2; 32]).await.unwrap());
}

pub(super) async fn a_new_list_takes_the_place_of_the_old_one(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let old = world.with_list(&scope, &anna, [1, 2]).await;
    let read = world.read(&scope, anna.id).await;

    let new = world.with_list(&scope, &read, [3, 4]).await;

    let read = world.read(&scope, anna.id).await;
    let lists: Vec<_> = read.security_info.iter().skip(1).map(|entry| entry.id).collect();
    assert_eq!(lists, [new]);
    assert!(!world.proves(&scope, saved_of(&anna, old, 1), 1).await);
    assert!(!world.proves(&scope, saved_of(&anna, new, 1), 2).await);
    assert!(world.proves(&scope, saved_of(&anna, new, 3), 3).await);
}

pub(super) async fn a_session_opens_only_with_a_code_that_is_not_spent(world: World) {
    let scope = world.tenant().await;
    let (anna, app) = world.with_authenticator(&scope).await;
    let opening = |number: u8, step| {
        let open = world.open_session(&scope, &anna, &world.session(&anna, number));
        OpenSession { spent: Some(step_of(&anna, app, step)), ..open }
    };
    let factor = PassedFactor {
        passed: step_of(&anna, app, 7),
        epoch: anna.epoch,
        event: world.event(&scope, EventKind::SignInChallenge),
    };

    let asked_on = world.store.second_factor_passed(&scope, &factor, idempotent(1, 1), NOW).await.unwrap();
    let again = world.store.second_factor_passed(&scope, &factor, idempotent(2, 1), NOW).await.unwrap();
    let spent = world.store.open_session(&scope, &opening(1, 7), idempotent(3, 1)).await.unwrap();
    let fresh = world.store.open_session(&scope, &opening(2, 8), idempotent(4, 1)).await.unwrap();

    assert_eq!((asked_on, again), (StepOutcome::Done(()), StepOutcome::Refused(Stale)));
    assert_eq!(spent, StepOutcome::Refused(Stale));
    assert!(matches!(fresh, StepOutcome::Done(_)), "{fresh:?}");
    assert_eq!(world.live_sessions(&scope, anna.id, NOW).await.len(), 1);
}

pub(super) async fn a_held_code_is_counted_though_none_was_sent(world: World) {
    let scope = world.tenant().await;
    let rules = ResetRules { tries_per_day: 2, ..ResetRules::default() };
    let count = async |request: u8| {
        let from = AttemptOrigin::Anywhere;
        let request = [request; 32];
        let attempt =
            CodeAttempt { method: COUNTER, from, request: &request, rules: &rules, codes: CodeSource::Held };
        world.store.count_code_attempt(&scope, &attempt, after(1)).await.unwrap()
    };

    let counted = [count(1).await, count(1).await, count(2).await];
    let stopped = count(3).await;

    assert_eq!(counted, [AttemptCounted::Counted, AttemptCounted::CountedBefore, AttemptCounted::Counted]);
    assert!(matches!(stopped, AttemptCounted::Stopped(_)), "{stopped:?}");
}
