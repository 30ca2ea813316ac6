//! Help requests.

use super::world::{NOW, World, after, idempotent};
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::domain::help::{Filing, HelpRequest};
use crate::domain::scope::TenantScope;
use crate::store::StepOutcome;
use crate::store::resets::NOBODY;

impl World {
    /// Files a request with one notice.
    pub(super) async fn file(&self, scope: &TenantScope, request: &HelpRequest) -> Filing {
        let event = self.event(scope, EventKind::HelpRequested);
        match self.store.file_help(scope, request, &event, &[self.notice(scope)], None).await.unwrap() {
            StepOutcome::Done(filing) => filing,
            other => panic!("not filed: {other:?}"),
        }
    }
}

pub(super) async fn a_proved_request_replaces_an_unproved_one(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;

    let mut filings = Vec::new();
    for proved in [false, false, true, true, false] {
        filings.push(world.file(&scope, &world.help(&anna, proved, NOW)).await);
    }

    assert_eq!(filings, [Filing::File, Filing::Drop, Filing::Replace, Filing::Drop, Filing::Drop]);
    assert_eq!(world.queued().await, 2);
    assert_eq!(world.kinds(&scope).await[2..], [EventKind::HelpRequested; 5]);
    assert_eq!(world.store.undigested_help(&scope).await.unwrap(), []);
}

pub(super) async fn a_repeated_help_request_files_nothing_again(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let call = async |proved, content| {
        let (request, event) =
            (world.help(&anna, proved, NOW), world.event(&scope, EventKind::HelpRequested));
        let idempotency = Some(idempotent(1, content));
        world.store.file_help(&scope, &request, &event, &[world.notice(&scope)], idempotency).await.unwrap()
    };

    let (first, twin) = tokio::join!(call(false, 1), call(false, 1));
    let repeat = call(true, 1).await;
    let other = call(true, 2).await;

    let done = [&first, &twin].into_iter().filter(|step| **step == StepOutcome::Done(Filing::File)).count();
    assert_eq!(done, 1, "{first:?} {twin:?}");
    assert_eq!((repeat, other), (StepOutcome::Repeated(b"first".to_vec()), StepOutcome::OtherContent));
    assert_eq!(world.queued().await, 1);
    assert_eq!(world.kinds(&scope).await[2..], [EventKind::HelpRequested]);
}

pub(super) async fn a_request_of_nobody_leaves_only_its_event(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    world.file(&scope, &world.help(&anna, false, NOW)).await;
    let event = || world.event(&scope, EventKind::HelpRequested);
    for answer in [StepOutcome::Done(Filing::File), StepOutcome::Repeated(b"first".to_vec())] {
        let nobody = HelpRequest { account_id: NOBODY, ..world.help(&anna, false, NOW) };

        let step =
            world.store.file_help(&scope, &nobody, &event(), &[], Some(idempotent(1, 1))).await.unwrap();

        assert_eq!(step, answer);
    }

    let open = world.store.undigested_help(&scope).await.unwrap();
    assert_eq!(open.iter().map(|(_, account)| account.id).collect::<Vec<_>>(), [anna.id]);
    assert_eq!(world.kinds(&scope).await[2..], [EventKind::HelpRequested; 2]);
}

pub(super) async fn an_expired_request_makes_room(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let old = world.help(&anna, true, NOW);
    world.file(&scope, &old).await;

    let before = world.file(&scope, &world.help(&anna, false, after(14 * 86_400 - 1))).await;
    let at_its_end = world.file(&scope, &world.help(&anna, false, old.expires_at)).await;

    assert_eq!((before, at_its_end), (Filing::Drop, Filing::File));
}

pub(super) async fn requests_are_digested_once(world: World) {
    let scope = world.tenant().await;
    let (quiet, other) = (
        world.create_tenant(&world.unborn_tenant("quiet")).await,
        world.create_tenant(&world.unborn_tenant("other")).await,
    );
    let anna = world.account(&scope).await;
    let bert = world.create_account(&scope, &world.unborn_account(&scope, "bert")).await;
    let cleo = world.create_account(&other, &world.unborn_account(&other, "cleo")).await;
    let file = async |scope: &TenantScope, account: &Account, proved, now| {
        let request = world.help(account, proved, now);
        world.file(scope, &request).await;
        request
    };
    let first = file(&scope, &anna, false, NOW).await;
    let second = file(&scope, &bert, false, after(1)).await;
    file(&other, &cleo, true, NOW).await;
    world.queued().await;

    let due = world.store.tenants_with_undigested_help(after(60), None, 10).await.unwrap();
    let behind = world.store.tenants_with_undigested_help(after(60), Some(due[0]), 10).await.unwrap();
    let early = world.store.tenants_with_undigested_help(NOW, None, 10).await.unwrap();
    let undigested = world.store.undigested_help(&scope).await.unwrap();
    let told = [first.id, second.id];
    let digest = async |told: &[_]| {
        world.store.help_digested(&scope, told, &[world.notice(&scope)], after(61)).await.unwrap()
    };
    let done = digest(&told).await;
    let again = digest(&told[1..]).await;

    assert_eq!((due, behind, early), (vec![scope.tenant_id()], vec![], vec![]));
    assert_eq!(undigested, [(first, anna), (second, bert)]);
    assert_eq!((done, again), (true, false));
    assert_eq!(world.store.claim_notices(10, after(70), after(62)).await.unwrap().len(), 1);
    assert_eq!(world.store.undigested_help(&scope).await.unwrap(), []);
    assert_eq!(world.store.undigested_help(&quiet).await.unwrap(), []);
}
