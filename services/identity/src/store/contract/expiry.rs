//! Notices before the expiry of passwords.

use rekey_primitives::id::AccountId;
use uuid::Uuid;

use super::world::{NOW, World, after};
use crate::domain::account::{Account, CredentialEpoch, PasswordRecord};
use crate::domain::password::expiry::NoticeSpan;
use crate::domain::scope::TenantScope;
use crate::store::StepOutcome;
use crate::store::accounts::AccountChange;
use crate::store::expiring_passwords::{ExpiringPasswords, ExpiryPlace};
use crate::store::expiry::ExpiryNotice;

const DAY: u64 = 86_400;

/// Every password whose expiry counts from later than [`NOW`] and from no later than a day after.
fn first_day() -> NoticeSpan {
    NoticeSpan { days: 14, from: NOW, until: after(DAY) }
}

impl World {
    /// An account whose expiry counts from so many seconds after [`NOW`], with something else different.
    async fn aging(
        &self,
        scope: &TenantScope,
        (login, seconds): (&str, u64),
        adapt: impl FnOnce(&mut Account),
    ) -> Account {
        let mut account = self.unborn_account(scope, login);
        account.password =
            account.password.map(|record| PasswordRecord { expiry_counts_from: after(seconds), ..record });
        adapt(&mut account);
        self.create_account(scope, &account).await
    }

    /// The notice of 14 days for an account.
    pub(super) fn expiry_notice(&self, scope: &TenantScope, account: &Account) -> ExpiryNotice {
        ExpiryNotice {
            account_id: account.id,
            epoch: account.epoch,
            counts_from: account.password.as_ref().unwrap().expiry_counts_from,
            days: 14,
            notices: vec![self.notice(scope)],
            now: after(1),
        }
    }
}

/// Gives an account a place among others: they are read by id.
fn numbered(account: &mut Account, number: u128) {
    account.id = AccountId::from_uuid(Uuid::from_u128(number + 1));
}

fn with_password(account: &mut Account, adapt: impl FnOnce(&mut PasswordRecord)) {
    adapt(account.password.as_mut().unwrap());
}

pub(super) async fn passwords_are_found_by_the_span_they_fall_into(world: World) {
    let scope = world.tenant().await;
    let other = world.create_tenant(&world.unborn_tenant("other")).await;
    let early = world.aging(&scope, ("early", 1), |account| numbered(account, 1)).await;
    let late = world.aging(&scope, ("late", DAY), |account| numbered(account, 2)).await;
    let next = world.aging(&scope, ("next", DAY + 1), |_| {}).await;
    world.aging(&scope, ("before", 0), |_| {}).await;
    world.aging(&other, ("elsewhere", 1), |_| {}).await;
    let second = NoticeSpan { days: 7, from: after(DAY), until: after(2 * DAY) };

    let looked = world.store.expiring(&scope, &[first_day(), second], None, 10).await.unwrap();

    assert_eq!(looked.due, [(early, 14), (late, 14), (next, 7)]);
}

pub(super) async fn whose_password_does_not_expire_is_not_found(world: World) {
    let scope = world.tenant().await;
    world.aging(&scope, ("bare", 1), |account| account.password = None).await;
    world
        .aging(&scope, ("exempt", 1), |account| with_password(account, |record| record.expiry_exempt = true))
        .await;
    world
        .aging(&scope, ("asked", 1), |account| with_password(account, |record| record.must_change = true))
        .await;
    world.aging(&scope, ("blocked", 1), |account| account.blocked = true).await;
    world.aging(&scope, ("frozen", 1), |account| account.frozen = true).await;
    world.aging(&scope, ("deleted", 1), |account| account.deleted_at = Some(NOW)).await;
    world.aging(&scope, ("managed", 1), |account| account.managed_elsewhere = true).await;

    let looked = world.store.expiring(&scope, &[first_day()], None, 10).await.unwrap();

    assert_eq!(looked.due, []);
    assert!(looked.last.is_some());
}

pub(super) async fn accounts_are_looked_at_in_pages(world: World) {
    let scope = world.tenant().await;
    let mut accounts = Vec::new();
    for number in 0..5 {
        // Every other one is due.
        let seconds = if number % 2 == 0 { 1 } else { 9 * DAY };
        let login = format!("anna{number}");
        let aged = world.aging(&scope, (&login, seconds), |account| numbered(account, number));
        accounts.push(aged.await);
    }
    let ids: Vec<_> = accounts.iter().map(|account| account.id).collect();

    let (mut pages, mut last) = (Vec::new(), None);
    loop {
        let looked = world.store.expiring(&scope, &[first_day()], last, 2).await.unwrap();
        last = looked.last;
        pages.push((looked.due.into_iter().map(|(account, _)| account.id).collect::<Vec<_>>(), last));
        if last.is_none() {
            break;
        }
    }

    let expected = [
        (vec![ids[0]], Some(ids[1])),
        (vec![ids[2]], Some(ids[3])),
        (vec![ids[4]], Some(ids[4])),
        (vec![], None),
    ];
    assert_eq!(pages, expected);
}

pub(super) async fn a_notice_is_told_once_for_each_password(world: World) {
    let scope = world.tenant().await;
    let anna = world.aging(&scope, ("anna", 1), |_| {}).await;
    let tell = async |account: &Account, days| {
        let tell = ExpiryNotice { days, ..world.expiry_notice(&scope, account) };
        world.store.queue_expiry_notice(&scope, &tell).await.unwrap()
    };

    let told = [tell(&anna, 14).await, tell(&anna, 14).await, tell(&anna, 7).await];
    let looked = world.store.expiring(&scope, &[first_day()], None, 10).await.unwrap();
    let queued = world.queued().await;
    let reset = world.reset(&scope, &anna, b"new hash");
    world.store.complete_reset(&scope, &reset, None).await.unwrap();
    let renewed = world.read(&scope, anna.id).await;
    let told_anew = tell(&renewed, 14).await;

    assert_eq!((told, looked.due), ([true, false, true], vec![]));
    assert_eq!(queued, 2);
    assert!(told_anew);
}

pub(super) async fn a_notice_about_what_is_no_more_is_not_told(world: World) {
    let scope = world.tenant().await;
    let anna = world.aging(&scope, ("anna", 1), |_| {}).await;
    let right = world.expiry_notice(&scope, &anna);
    let wrong = [
        ExpiryNotice { epoch: CredentialEpoch(2), ..right.clone() },
        ExpiryNotice { counts_from: after(2), ..right.clone() },
        ExpiryNotice { account_id: world.unborn_account(&scope, "x").id, ..right.clone() },
    ];

    for tell in wrong {
        assert!(!world.store.queue_expiry_notice(&scope, &tell).await.unwrap(), "{tell:?}");
    }

    assert_eq!(world.queued().await, 0);
    assert!(world.store.queue_expiry_notice(&scope, &right).await.unwrap());
}

pub(super) async fn an_old_mark_is_swept(world: World) {
    let scope = world.tenant().await;
    let anna = world.aging(&scope, ("anna", 1), |_| {}).await;
    let tell = world.expiry_notice(&scope, &anna);
    world.store.queue_expiry_notice(&scope, &tell).await.unwrap();

    let early = world.store.sweep(after(800 * DAY)).await.unwrap();
    let late = world.store.sweep(after(800 * DAY + 1)).await.unwrap();

    assert_eq!((early, late), (0, 1));
}

pub(super) async fn passwords_are_listed_by_when_they_expire(world: World) {
    let scope = world.tenant().await;
    let other = world.create_tenant(&world.unborn_tenant("other")).await;
    // Their ids rise, and so does not their expiry.
    let third = world.aging(&scope, ("third", 3), |account| numbered(account, 1)).await;
    let second = world.aging(&scope, ("second", 2), |account| numbered(account, 3)).await;
    let first = world.aging(&scope, ("first", 2), |account| numbered(account, 2)).await;
    world.aging(&scope, ("later", 5), |_| {}).await;
    world
        .aging(&scope, ("exempt", 1), |account| with_password(account, |record| record.expiry_exempt = true))
        .await;
    world
        .aging(&scope, ("must", 1), |account| with_password(account, |record| record.must_change = true))
        .await;
    world.aging(&scope, ("bare", 1), |account| account.password = None).await;
    world.aging(&other, ("elsewhere", 1), |_| {}).await;
    let fourth = after(4);
    let wanted = |after| ExpiringPasswords { after, until: fourth, limit: 2 };

    let begun = world.store.expiring_passwords(&scope, &wanted(None)).await.unwrap();
    let rest = world.store.expiring_passwords(&scope, &wanted(ExpiryPlace::of(&begun[1]))).await.unwrap();

    assert_eq!([begun, rest].concat(), [first, second, third]);
}

pub(super) async fn the_clock_starts_when_an_exemption_ends(world: World) {
    let scope = world.tenant().await;
    let anna = world.aging(&scope, ("anna", 1), |_| {}).await;
    let bare = world.aging(&scope, ("bare", 1), |account| account.password = None).await;
    let exempting = AccountChange::PasswordExpiryExempt(true);

    let StepOutcome::Done(exempt) = world.change(&scope, &anna, exempting.clone()).await else { panic!() };
    let ended = world.change(&scope, &exempt, AccountChange::PasswordExpiryExempt(false)).await;
    let nothing = world.change(&scope, &bare, exempting).await;

    let StepOutcome::Done(ended) = ended else { panic!() };
    let [before, during] = [&anna, &exempt].map(|account| account.password.clone().unwrap());
    assert_eq!(during, PasswordRecord { expiry_exempt: true, ..before.clone() });
    let from = ended.updated_at;
    assert_eq!(ended.password.unwrap(), PasswordRecord { expiry_counts_from: from, ..before });
    assert_eq!(ended.recovery_version, anna.recovery_version);
    assert!(matches!(nothing, StepOutcome::Refused(_)), "{nothing:?}");
}
