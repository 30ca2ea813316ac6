//! Passkeys: each is one account's, and what it signed is taken once, whoever races for it.

use futures_util::future::join_all;
use rekey_primitives::id::SecurityInfoId;
use uuid::Uuid;

use super::world::{NOW, World, after, idempotent};
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::domain::passkey::Passkey;
use crate::domain::scope::TenantScope;
use crate::domain::security_info::{Holding, SecurityInfo};
use crate::store::StepOutcome;
use crate::store::accounts::{AccountChange, ChangeRefused, HeldCode, HeldCodeKind, PassedCode, UsedPasskey};
use crate::store::resets::AcceptedProof;
use crate::store::sign_ins::{OpenSession, Stale};

const COUNTER: Uuid = Uuid::from_u128(56);

fn passkey(number: u8) -> Passkey {
    Passkey {
        credential_id: vec![number; 32],
        public_key: vec![0, 255, number],
        counter: 3,
        backup_eligible: true,
        backed_up: false,
        transports: vec!["internal".to_owned(), "hybrid".to_owned()],
        used_at: None,
    }
}

fn used(challenge: u8, counter: u32) -> UsedPasskey {
    UsedPasskey {
        challenge: [challenge; 32],
        challenge_expires_at: after(60),
        counter,
        backed_up: true,
        used_at: after(5),
    }
}

fn passed(account: &Account, entry: SecurityInfoId, used: UsedPasskey) -> PassedCode {
    let code = HeldCode { entry, kind: HeldCodeKind::Passkey(used) };
    PassedCode { account_id: account.id, code, counter: COUNTER }
}

impl World {
    fn passkey_entry(&self, held: Passkey) -> SecurityInfo {
        let holding = Holding::Passkey(Box::new(held));
        let entry = self.entry("key@mail.example");
        SecurityInfo { holding, label: Some("Laptop".to_owned()), is_default: false, ..entry }
    }

    async fn registers(
        &self,
        scope: &TenantScope,
        account: &Account,
        held: Passkey,
    ) -> (SecurityInfo, StepOutcome<Account, ChangeRefused>) {
        let entry = self.passkey_entry(held);
        let change = AccountChange::RegisterPasskey { entry: entry.clone(), attempts: vec![COUNTER] };
        let step = self.change(scope, account, change).await;
        (entry, step)
    }

    async fn proves_by_passkey(&self, scope: &TenantScope, spent: PassedCode, request: u8) -> bool {
        let event = self.event(scope, EventKind::ResetProofSubmitted);
        let proof = AcceptedProof { method: COUNTER, spent: Some(spent), event };
        let step = self.store.proof_accepted(scope, &proof, idempotent(request, 1), NOW).await.unwrap();
        step == StepOutcome::Done(())
    }
}

pub(super) async fn a_passkey_is_read_back_whole_and_finds_its_account(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;

    let (entry, step) = world.registers(&scope, &anna, passkey(1)).await;

    let StepOutcome::Done(account) = step else { panic!("not registered but {step:?}") };
    let read = world.read(&scope, anna.id).await;
    assert_eq!(read, account);
    assert_eq!(read.security_info.iter().find(|held| held.id == entry.id), Some(&entry));
    assert_eq!(read.recovery_version.0, anna.recovery_version.0 + 1);
    let owner = world.store.find_passkey_owner(&scope, &[1; 32]).await.unwrap();
    assert_eq!(owner, Some(read));
    assert_eq!(world.store.find_passkey_owner(&scope, &[2; 32]).await.unwrap(), None);
}

pub(super) async fn a_passkey_is_one_accounts(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let bert = world.create_account(&scope, &world.unborn_account(&scope, "bert")).await;
    world.registers(&scope, &anna, passkey(1)).await;

    let (_, taken) = world.registers(&scope, &bert, passkey(1)).await;

    assert_eq!(taken, StepOutcome::Refused(ChangeRefused::PasskeyTaken));
    assert_eq!(world.read(&scope, bert.id).await, bert);
}

pub(super) async fn a_removed_passkey_is_nobodys_and_may_come_back(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let (entry, _) = world.registers(&scope, &anna, passkey(1)).await;
    let read = world.read(&scope, anna.id).await;

    let remove = AccountChange::RemoveSecurityInfo { id: entry.id, removed: None };
    assert!(matches!(world.change(&scope, &read, remove).await, StepOutcome::Done(_)));

    assert_eq!(world.store.find_passkey_owner(&scope, &[1; 32]).await.unwrap(), None);
    let read = world.read(&scope, anna.id).await;
    let (_, again) = world.registers(&scope, &read, passkey(1)).await;
    assert!(matches!(again, StepOutcome::Done(_)), "{again:?}");
}

pub(super) async fn what_a_passkey_signed_is_taken_once_and_its_counter_rises(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let (entry, _) = world.registers(&scope, &anna, passkey(1)).await;

    let mut taken = Vec::new();
    for (request, (challenge, counter)) in (0..).zip([(1, 4), (1, 5), (2, 4), (3, 3), (4, 0), (5, 5)]) {
        let spent = passed(&anna, entry.id, used(challenge, counter));
        taken.push(world.proves_by_passkey(&scope, spent, request).await);
    }

    assert_eq!(taken, [true, false, false, false, false, true]);
    assert!(world.store.is_passkey_challenge_spent(&scope, &[1; 32]).await.unwrap());
    // What was refused spent nothing.
    assert!(!world.store.is_passkey_challenge_spent(&scope, &[2; 32]).await.unwrap());
    let read = world.read(&scope, anna.id).await;
    let held = read.security_info.iter().find_map(SecurityInfo::passkey).unwrap();
    let expected = Passkey { counter: 5, backed_up: true, used_at: Some(after(5)), ..passkey(1) };
    assert_eq!(held, &expected);
}

pub(super) async fn a_passkey_without_a_counter_signs_again_and_again(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let (entry, _) = world.registers(&scope, &anna, Passkey { counter: 0, ..passkey(1) }).await;

    let first = world.proves_by_passkey(&scope, passed(&anna, entry.id, used(1, 0)), 1).await;
    let second = world.proves_by_passkey(&scope, passed(&anna, entry.id, used(2, 0)), 2).await;

    assert!(first && second);
}

pub(super) async fn of_many_who_show_what_was_signed_one_passes(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let (entry, _) = world.registers(&scope, &anna, Passkey { counter: 0, ..passkey(1) }).await;

    let spent = |_| passed(&anna, entry.id, used(1, 0));
    let all = join_all((0..8).map(|request| world.proves_by_passkey(&scope, spent(request), request))).await;

    assert_eq!(all.iter().filter(|passed| **passed).count(), 1);
}

pub(super) async fn a_session_opens_by_passkey_whatever_the_password(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let (entry, _) = world.registers(&scope, &anna, passkey(1)).await;
    let opening = |refresh: u8, challenge, counter| {
        let open = world.open_session(&scope, &anna, &world.session(&anna, refresh));
        let spent = Some(passed(&anna, entry.id, used(challenge, counter)));
        OpenSession { verified: None, spent, ..open }
    };

    let opened = world.store.open_session(&scope, &opening(1, 1, 4), idempotent(1, 1)).await.unwrap();
    let replayed = world.store.open_session(&scope, &opening(2, 1, 5), idempotent(2, 1)).await.unwrap();
    let read = world.read(&scope, anna.id).await;
    world.change(&scope, &read, AccountChange::Blocked(true)).await;
    let blocked = world.store.open_session(&scope, &opening(3, 2, 6), idempotent(3, 1)).await.unwrap();

    assert!(matches!(opened, StepOutcome::Done(_)), "{opened:?}");
    assert_eq!((replayed, blocked), (StepOutcome::Refused(Stale), StepOutcome::Refused(Stale)));
}

pub(super) async fn a_passkey_is_called_by_another_name(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let (entry, _) = world.registers(&scope, &anna, passkey(1)).await;
    let read = world.read(&scope, anna.id).await;

    let rename = |id| AccountChange::RenamePasskey { id, name: "Phone".to_owned() };
    let address = world.change(&scope, &read, rename(anna.security_info[0].id)).await;
    let renamed = world.change(&scope, &read, rename(entry.id)).await;

    assert_eq!(address, StepOutcome::Refused(ChangeRefused::Unknown));
    let StepOutcome::Done(after) = renamed else { panic!("not renamed but {renamed:?}") };
    let held = after.security_info.iter().find(|held| held.id == entry.id).unwrap();
    assert_eq!(held, &SecurityInfo { label: Some("Phone".to_owned()), ..entry });
    assert_eq!(after.recovery_version, read.recovery_version);
}
