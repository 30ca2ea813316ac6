//! Passwords that administrators reset, and help requests in their hands.

use super::world::{NOW, World, after, idempotent, password};
use crate::domain::account::{Account, PasswordRecord};
use crate::domain::audit::EventKind;
use crate::domain::authority::{Role, RoleSet};
use crate::domain::help::{HelpFilter, HelpRequest, HelpState};
use crate::domain::scope::TenantScope;
use crate::domain::session::Session;
use crate::store::StepOutcome;
use crate::store::accounts::AccountChange;
use crate::store::resets::{AdministratorReset, MoveHelp, PasswordAfter};
use crate::store::sign_ins::{IssuePass, OpenByPass, Stale};

impl World {
    fn administrator_reset(&self, scope: &TenantScope, account: &Account, hash: &[u8]) -> AdministratorReset {
        let record = PasswordRecord { must_change: true, temporary_until: Some(after(60)), ..password(hash) };
        AdministratorReset {
            account_id: account.id,
            version: account.version,
            password: PasswordAfter::New { record, history: 1 },
            login: [1; 32],
            event: self.event(scope, EventKind::PasswordResetByAdministrator),
            notices: vec![self.notice(scope)],
            now: after(1),
        }
    }

    fn pass(&self, scope: &TenantScope, account: &Account, one_time: bool) -> IssuePass {
        IssuePass {
            account_id: account.id,
            version: account.version,
            epoch: account.epoch,
            hash: [7; 32],
            one_time,
            expires_at: after(60),
            event: self.event(scope, EventKind::AccessPassIssued),
            notices: vec![self.notice(scope)],
            now: NOW,
        }
    }

    fn by_pass(&self, scope: &TenantScope, account: &Account, refresh: u8) -> OpenByPass {
        let event = |kind| self.event(scope, kind);
        OpenByPass {
            session: self.session(account, refresh),
            hash: [7; 32],
            login: [1; 32],
            place: None,
            events: [event(EventKind::AccessPassUsed), event(EventKind::SignIn)],
        }
    }

    fn moved(&self, scope: &TenantScope, request: &HelpRequest, to: HelpState) -> MoveHelp {
        let event = self.event(scope, EventKind::HelpHandled);
        let (id, version) = (request.id, request.version);
        MoveHelp { id, version, to, handled_by: Some(request.account_id), event, now: after(5) }
    }
}

pub(super) async fn an_administrators_reset_does_everything_at_once(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    world.signed_in(&scope, &anna, 1).await;
    for _ in 0..10 {
        let wrong = world.password_try(&scope, None);
        world.wrong(&scope, &wrong, NOW).await;
    }
    world.file(&scope, &world.help(&anna, true, NOW)).await;
    world.queued().await;
    let reset = world.administrator_reset(&scope, &anna, b"new hash");
    let call =
        async || world.store.reset_by_administrator(&scope, &reset, Some(idempotent(1, 1))).await.unwrap();

    let done = call().await;
    let again = call().await;

    let StepOutcome::Done(done) = done else { panic!("not done: {done:?}") };
    assert_eq!((done.sessions_ended, again), (1, StepOutcome::Repeated(b"first".to_vec())));
    let now = world.read(&scope, anna.id).await;
    assert_eq!(done.account, now);
    assert_eq!((now.epoch, now.version), (anna.epoch.next(), anna.version + 1));
    let record = now.password.unwrap();
    assert_eq!((record.hash.as_bytes(), record.must_change), (b"new hash".as_slice(), true));
    assert_eq!(world.store.locked_until(&scope, &[1; 32], after(1)).await.unwrap(), None);
    let last = world.store.last_passwords(&scope, anna.id, 9).await.unwrap();
    assert_eq!(
        last.iter().map(|hash| hash.as_bytes()).collect::<Vec<_>>(),
        [b"new hash".as_slice(), b"old hash"]
    );
    let help = world
        .store
        .list_help(&scope, HelpFilter { state: Some(HelpState::Resolved), account_id: None }, None, 9)
        .await
        .unwrap();
    assert_eq!(help.len(), 1);
}

pub(super) async fn a_reset_judged_on_an_earlier_account_writes_nothing(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let roles = RoleSet::of(&[Role::GlobalAdministrator]);
    world.change(&scope, &anna, AccountChange::Roles(roles)).await;
    let reset = world.administrator_reset(&scope, &anna, b"new hash");
    let required = AdministratorReset { password: PasswordAfter::MustChange, ..reset.clone() };

    for reset in [reset, required] {
        let step = world.store.reset_by_administrator(&scope, &reset, None).await.unwrap();

        assert_eq!(step, StepOutcome::Refused(Stale));
    }

    let now = world.read(&scope, anna.id).await;
    assert_eq!((now.epoch, now.password), (anna.epoch, anna.password));
}

pub(super) async fn a_required_change_leaves_the_hash(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let without = Account { password: None, ..world.unborn_account(&scope, "bert") };
    let without = world.create_account(&scope, &without).await;
    let required = |account: &Account| AdministratorReset {
        password: PasswordAfter::MustChange,
        ..world.administrator_reset(&scope, account, b"")
    };

    let done = world.store.reset_by_administrator(&scope, &required(&anna), None).await.unwrap();
    let refused = world.store.reset_by_administrator(&scope, &required(&without), None).await.unwrap();

    assert!(matches!(done, StepOutcome::Done(_)));
    let record = world.read(&scope, anna.id).await.password.unwrap();
    assert_eq!((record.hash.as_bytes(), record.must_change), (b"old hash".as_slice(), true));
    assert_eq!(refused, StepOutcome::Refused(Stale));
    assert_eq!(world.read(&scope, without.id).await, without);
}

pub(super) async fn a_voided_password_keeps_its_row_and_serves_for_nothing(world: World) {
    let scope = world.tenant().await;
    let exempt = PasswordRecord { expiry_exempt: true, ..password(b"old hash") };
    let anna = Account { password: Some(exempt), ..world.unborn_account(&scope, "anna") };
    let anna = world.create_account(&scope, &anna).await;
    let without = Account { password: None, ..world.unborn_account(&scope, "bert") };
    let without = world.create_account(&scope, &without).await;
    let void = |account: &Account| AdministratorReset {
        password: PasswordAfter::Void,
        ..world.administrator_reset(&scope, account, b"")
    };

    let done = world.store.reset_by_administrator(&scope, &void(&anna), None).await.unwrap();
    let first = world.store.reset_by_administrator(&scope, &void(&without), None).await.unwrap();

    assert!(matches!((done, first), (StepOutcome::Done(_), StepOutcome::Done(_))));
    let now = world.read(&scope, anna.id).await;
    assert_eq!(now.epoch, anna.epoch.next());
    let record = now.password.unwrap();
    assert_eq!((record.temporary_until, record.expiry_exempt), (Some(after(1)), true));
    let last = world.store.last_passwords(&scope, anna.id, 9).await.unwrap();
    assert_eq!(last.iter().map(|hash| hash.as_bytes()).collect::<Vec<_>>(), [b"old hash".as_slice()]);
    let now = world.read(&scope, without.id).await;
    assert_eq!((now.epoch, now.password), (without.epoch.next(), None));
}

pub(super) async fn a_one_time_pass_is_spent_by_one_sign_in(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let issue = world.pass(&scope, &anna, true);
    world.store.issue_access_pass(&scope, &issue, idempotent(1, 1)).await.unwrap();
    let opens = [1, 2].map(|refresh| world.by_pass(&scope, &anna, refresh));

    let (left, right) = tokio::join!(
        world.store.open_session_by_pass(&scope, &opens[0], idempotent(2, 1)),
        world.store.open_session_by_pass(&scope, &opens[1], idempotent(3, 1)),
    );

    let done =
        [left.unwrap(), right.unwrap()].into_iter().filter(|step| matches!(step, StepOutcome::Done(_)));
    assert_eq!(done.count(), 1);
    assert_eq!(world.live_sessions(&scope, anna.id, NOW).await.len(), 1);
}

pub(super) async fn a_pass_serves_its_account_in_its_epoch_and_time(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let issue = world.pass(&scope, &anna, false);
    let stale = IssuePass { version: anna.version + 1, ..issue.clone() };
    let refused = world.store.issue_access_pass(&scope, &stale, idempotent(1, 1)).await.unwrap();
    world.store.issue_access_pass(&scope, &issue, idempotent(2, 1)).await.unwrap();
    let open = world.by_pass(&scope, &anna, 1);
    let at = |second, refresh| {
        let open = world.by_pass(&scope, &anna, refresh);
        OpenByPass { session: Session { created_at: after(second), ..open.session }, ..open }
    };
    let call = async |open: &OpenByPass, key| {
        let step = world.store.open_session_by_pass(&scope, open, idempotent(key, 1)).await.unwrap();
        matches!(step, StepOutcome::Done(_))
    };

    let wrong = OpenByPass { hash: [8; 32], ..open.clone() };
    let outcomes = [call(&wrong, 3).await, call(&at(59, 2), 4).await, call(&at(60, 3), 5).await];
    let reset = world.administrator_reset(&scope, &anna, b"new hash");
    world.store.reset_by_administrator(&scope, &reset, None).await.unwrap();
    let now = world.read(&scope, anna.id).await;
    let after_epoch = call(&world.by_pass(&scope, &now, 4), 6).await;
    let event = world.event(&scope, EventKind::AccessPassRevoked);
    let revoke = async |key| {
        let judged = (anna.id, now.version);
        world.store.revoke_access_pass(&scope, judged, &event, idempotent(key, 1)).await.unwrap()
    };

    assert_eq!((refused, outcomes, after_epoch), (StepOutcome::Refused(Stale), [false, true, false], false));
    assert_eq!((revoke(7).await, revoke(8).await), (StepOutcome::Done(true), StepOutcome::Done(false)));
}

pub(super) async fn of_many_moves_of_a_help_request_at_once_one_is_made(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let request = world.help(&anna, true, NOW);
    world.file(&scope, &request).await;
    let moves = [HelpState::Claimed, HelpState::Resolved, HelpState::Denied, HelpState::Expired];
    let moves = moves.map(|to| world.moved(&scope, &request, to));

    let steps = moves.each_ref().map(|moved| world.store.move_help(&scope, moved, None));
    let [one, two, three, four] = steps;
    let (one, two, three, four) = tokio::join!(one, two, three, four);

    let done = [one, two, three, four].into_iter().filter(|step| matches!(step, Ok(StepOutcome::Done(_))));
    assert_eq!(done.count(), 1);
    let events = world.kinds(&scope).await;
    assert_eq!(events.iter().filter(|kind| **kind == EventKind::HelpHandled).count(), 1);
}

pub(super) async fn help_requests_are_listed_by_state_and_page(world: World) {
    let scope = world.tenant().await;
    let mut filed = Vec::new();
    for (second, login) in [(1, "anna"), (2, "bert"), (3, "cleo")] {
        let account = world.create_account(&scope, &world.unborn_account(&scope, login)).await;
        let request = world.help(&account, true, after(second));
        world.file(&scope, &request).await;
        filed.insert(0, request);
    }
    let claim = world.moved(&scope, &filed[1], HelpState::Claimed);
    world.store.move_help(&scope, &claim, None).await.unwrap();
    let other = world.create_tenant(&world.unborn_tenant("other")).await;
    let ids = async |scope: &TenantScope, state, before, limit| {
        let found = world
            .store
            .list_help(scope, HelpFilter { state, account_id: None }, before, limit)
            .await
            .unwrap();
        found.into_iter().map(|request| request.id).collect::<Vec<_>>()
    };

    let (newest, middle, oldest) = (filed[0].id, filed[1].id, filed[2].id);
    assert_eq!(ids(&scope, None, None, 9).await, [newest, middle, oldest]);
    assert_eq!(ids(&scope, None, Some(newest), 1).await, [middle]);
    assert_eq!(ids(&scope, Some(HelpState::Open), None, 9).await, [newest, oldest]);
    assert_eq!(ids(&scope, Some(HelpState::Open), Some(newest), 9).await, [oldest]);
    assert_eq!(ids(&scope, Some(HelpState::Claimed), None, 9).await, [middle]);
    assert_eq!(ids(&other, None, None, 9).await, []);
    let of_account = async |state, request: &HelpRequest| {
        let filter = HelpFilter { state, account_id: Some(request.account_id) };
        let found = world.store.list_help(&scope, filter, None, 9).await.unwrap();
        found.into_iter().map(|request| request.id).collect::<Vec<_>>()
    };
    assert_eq!(of_account(None, &filed[1]).await, [middle]);
    assert_eq!(of_account(Some(HelpState::Claimed), &filed[1]).await, [middle]);
    assert_eq!(of_account(Some(HelpState::Open), &filed[1]).await, []);
    assert_eq!(world.store.find_help(&other, middle).await.unwrap(), None);
    assert_eq!(world.store.find_help(&scope, middle).await.unwrap().unwrap().version, 2);
}

pub(super) async fn overdue_help_requests_are_found(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let request = world.help(&anna, true, NOW);
    world.file(&scope, &request).await;

    let early = world.store.overdue_help(after(14 * 86_400 - 1), 9).await.unwrap();
    let due = world.store.overdue_help(request.expires_at, 9).await.unwrap();
    world.store.move_help(&scope, &world.moved(&scope, &request, HelpState::Expired), None).await.unwrap();
    let over = world.store.overdue_help(request.expires_at, 9).await.unwrap();

    assert_eq!((early, over), (vec![], vec![]));
    assert_eq!(due, [request]);
}
