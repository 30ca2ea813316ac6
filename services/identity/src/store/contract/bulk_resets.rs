//! Bulk resets: one at a time, each account once, whoever dies meanwhile.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;

use super::world::{NOW, World, after, idempotent};
use crate::domain::account::Account;
use crate::domain::account_filter::AccountFilter;
use crate::domain::audit::{Actor, EventKind};
use crate::domain::bulk_reset::{
    BulkMode, BulkOutcome, BulkPlan, BulkReset, BulkResetId, BulkState, BulkStop,
};
use crate::domain::scope::TenantScope;
use crate::store::StepOutcome;
use crate::store::accounts::AccountChange;
use crate::store::accounts::TenantChange;
use crate::store::bulk_resets::{
    AddChunk, AnotherRuns, BulkStep, Collected, EndBulkReset, HeldBulkReset, NoSuchJob, NotAdded,
    SettledAccount, StartBulkReset,
};
use crate::store::resets::{AdministratorReset, PasswordAfter};
use crate::store::search::AccountSearch;

impl World {
    fn bulk(&self, scope: &TenantScope, filter: Option<AccountFilter>) -> StartBulkReset {
        let plan = BulkPlan {
            mode: BulkMode::RequireChange,
            dry_run: false,
            per_second: 50,
            filter,
            actor: Actor::Account(AccountId::generate(self.entropy(), NOW)),
            caller: "portal".to_owned(),
            ip: Some("192.0.2.1".parse().unwrap()),
        };
        let id = BulkResetId::generate(self.entropy(), NOW);
        StartBulkReset { id, plan, due_at: NOW, event: self.event(scope, EventKind::BulkReset), now: NOW }
    }

    async fn started(&self, scope: &TenantScope, filter: Option<AccountFilter>) -> BulkReset {
        let start = self.bulk(scope, filter);
        let step = self.store.start_bulk_reset(scope, &start, None).await.unwrap();
        let StepOutcome::Done(job) = step else { panic!("not started: {step:?}") };
        assert_eq!((&job.plan, job.state, job.next_sequence), (&start.plan, BulkState::Collecting, 1));
        job
    }

    async fn add_chunk(&self, scope: &TenantScope, chunk: &AddChunk) -> StepOutcome<BulkReset, NotAdded> {
        self.store.add_bulk_accounts(scope, chunk, None).await.unwrap()
    }

    /// A job over these accounts that may be claimed.
    async fn listed(&self, scope: &TenantScope, accounts: &[AccountId]) -> BulkReset {
        let job = self.started(scope, None).await;
        let step = self.add_chunk(scope, &AddChunk { is_last: true, ..chunk(&job, 1, accounts) }).await;
        let StepOutcome::Done(job) = step else { panic!("not added: {step:?}") };
        job
    }

    async fn claim_bulk(&self, now: Timestamp) -> Option<HeldBulkReset> {
        self.store.claim_bulk_reset(now.plus(std::time::Duration::from_secs(30)), now).await.unwrap()
    }

    fn bulk_password(&self, scope: &TenantScope, account: &Account) -> AdministratorReset {
        AdministratorReset {
            account_id: account.id,
            version: account.version,
            password: PasswordAfter::MustChange,
            login: [1; 32],
            event: self.event(scope, EventKind::PasswordResetByAdministrator),
            notices: vec![self.notice(scope)],
            now: after(1),
        }
    }

    fn bulk_end(&self, scope: &TenantScope, job: &BulkReset, fence: Option<i64>) -> EndBulkReset {
        let event = self.event(scope, EventKind::BulkReset);
        let (id, state, stop) = (job.id, BulkState::Cancelled, None);
        EndBulkReset { id, state, stop, fence, forget_at: after(100), event, now: after(9) }
    }

    async fn read_bulk(&self, scope: &TenantScope, job: &BulkReset) -> BulkReset {
        self.store.find_bulk_reset(scope, job.id).await.unwrap().unwrap()
    }
}

fn chunk(job: &BulkReset, sequence: i64, accounts: &[AccountId]) -> AddChunk {
    AddChunk {
        id: job.id,
        sequence,
        account_ids: accounts.to_vec(),
        logins: Vec::new(),
        unknown: Vec::new(),
        is_last: false,
        due_at: NOW,
        now: NOW,
    }
}

fn settled(number: i64, outcome: BulkOutcome) -> SettledAccount {
    let refused = (outcome == BulkOutcome::Refused).then_some("no_password");
    SettledAccount { number, outcome, refused, lease_until: after(60), now: after(1) }
}

pub(super) async fn a_tenant_has_one_job_at_a_time(world: World) {
    let scope = world.tenant().await;
    let other = world.create_tenant(&world.unborn_tenant("other")).await;
    let (first, second) = (world.bulk(&scope, None), world.bulk(&scope, None));
    let start = async |scope: &TenantScope, start: &StartBulkReset, key| {
        world.store.start_bulk_reset(scope, start, Some(idempotent(key, 1))).await.unwrap()
    };

    let done = start(&scope, &first, 1).await;
    let repeat = start(&scope, &first, 1).await;
    let refused = start(&scope, &second, 2).await;
    let elsewhere = start(&other, &world.bulk(&other, None), 3).await;
    let StepOutcome::Done(job) = done else { panic!("not started: {done:?}") };
    world.store.end_bulk_reset(&scope, &world.bulk_end(&scope, &job, None), None).await.unwrap();
    let after_its_end = start(&scope, &second, 4).await;

    assert_eq!(repeat, StepOutcome::Repeated(b"first".to_vec()));
    assert_eq!(refused, StepOutcome::Refused(AnotherRuns));
    assert!(matches!((elsewhere, after_its_end), (StepOutcome::Done(_), StepOutcome::Done(_))));
    let listed = world.store.list_bulk_resets(&scope, None, 9).await.unwrap();
    assert_eq!(listed.iter().map(|job| job.id).collect::<Vec<_>>(), [second.id, first.id]);
    let behind = world.store.list_bulk_resets(&scope, Some(second.id), 9).await.unwrap();
    assert_eq!(behind.len(), 1);
}

pub(super) async fn a_list_takes_each_account_once_and_its_chunks_in_order(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let bert = world.create_account(&scope, &world.unborn_account(&scope, "bert")).await;
    let job = world.started(&scope, None).await;
    let first = AddChunk {
        logins: vec!["nobody".to_owned(), "bert".to_owned(), "anna".to_owned()],
        unknown: vec!["no one at all".to_owned()],
        ..chunk(&job, 1, &[anna.id, anna.id])
    };

    let early = world.add_chunk(&scope, &chunk(&job, 2, &[])).await;
    let added = world.add_chunk(&scope, &first).await;
    let again = world.add_chunk(&scope, &first).await;
    let last = AddChunk { is_last: true, ..chunk(&job, 2, &[anna.id]) };
    let closed = world.add_chunk(&scope, &last).await;
    let late = world.add_chunk(&scope, &chunk(&job, 3, &[])).await;
    let unknown = AddChunk { id: BulkResetId::generate(world.entropy(), NOW), ..chunk(&job, 1, &[]) };
    let elsewhere = world.add_chunk(&scope, &unknown).await;

    assert_eq!(early, StepOutcome::Refused(NotAdded::Missing));
    assert_eq!(added, again);
    assert_eq!(
        (late, elsewhere),
        (StepOutcome::Refused(NotAdded::NotCollecting), StepOutcome::Refused(NotAdded::NoSuchJob),)
    );
    let StepOutcome::Done(closed) = closed else { panic!("not added: {closed:?}") };
    assert_eq!((closed.state, closed.accounts, closed.refused), (BulkState::Running, 4, 2));
    let results = world.store.bulk_results(&scope, job.id, 0, 9).await.unwrap();
    let seen: Vec<_> = results
        .iter()
        .map(|result| (result.login.as_deref().unwrap(), result.account_id, result.outcome))
        .collect();
    assert_eq!(
        seen,
        [
            ("anna", Some(anna.id), BulkOutcome::Waiting),
            ("bert", Some(bert.id), BulkOutcome::Waiting),
            ("nobody", None, BulkOutcome::Refused),
            ("no one at all", None, BulkOutcome::Refused),
        ]
    );
    let behind = world.store.bulk_results(&scope, job.id, results[2].number, 9).await.unwrap();
    assert_eq!(behind, results[3..]);
}

pub(super) async fn a_filter_is_walked_into_a_job_in_portions(world: World) {
    let scope = world.tenant().await;
    for number in 0..5 {
        world.create_account(&scope, &world.unborn_account(&scope, &format!("p{number}"))).await;
    }
    let job = world.started(&scope, Some(AccountFilter::default())).await;
    let mut turns = 0;

    while world.read_bulk(&scope, &job).await.state == BulkState::Collecting {
        let held = world.claim_bulk(after(turns * 60)).await.unwrap();
        let filter = held.job.plan.filter.clone().unwrap();
        let search = AccountSearch { filter: &filter, after: held.job.walked_to.clone(), limit: 2 };
        let found = world.store.search_accounts(&scope, &search).await.unwrap();
        let collected = Collected {
            account_ids: found.accounts.iter().map(|account| account.id).collect(),
            walked_to: found.next,
            now: after(turns * 60),
        };
        // One that lost the job in between writes nothing.
        let older = HeldBulkReset { job: BulkReset { fence: 0, ..held.job.clone() }, ..held.clone() };
        assert!(!world.store.collect_bulk_accounts(&older, &collected).await.unwrap());
        assert!(world.store.collect_bulk_accounts(&held, &collected).await.unwrap());
        turns += 1;
    }

    let collected = world.read_bulk(&scope, &job).await;
    assert_eq!((collected.accounts, collected.state), (5, BulkState::Running));
    let results = world.store.bulk_results(&scope, job.id, 0, 9).await.unwrap();
    let accounts: std::collections::HashSet<_> = results.iter().map(|result| result.account_id).collect();
    assert_eq!((results.len(), accounts.len()), (5, 5));
}

pub(super) async fn an_account_of_a_job_is_reset_once_with_its_result(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    world.signed_in(&scope, &anna, 1).await;
    let job = world.listed(&scope, &[anna.id]).await;
    let held = world.claim_bulk(NOW).await.unwrap();
    let waiting = world.store.waiting_bulk_accounts(&held, 9).await.unwrap();
    let (reset, done) = (world.bulk_password(&scope, &anna), settled(waiting[0].number, BulkOutcome::Reset));
    let stale = AdministratorReset { version: anna.version + 1, ..reset.clone() };

    let first = world.store.reset_in_bulk(&held, &stale, &done).await.unwrap();
    let second = world.store.reset_in_bulk(&held, &reset, &done).await.unwrap();
    let current = world.read(&scope, anna.id).await;
    let again = AdministratorReset { version: current.version, ..reset };
    let third = world.store.reset_in_bulk(&held, &again, &done).await.unwrap();

    assert_eq!([first, second, third], [BulkStep::Stale, BulkStep::Done, BulkStep::Lost]);
    let now = world.read(&scope, anna.id).await;
    assert_eq!((now.epoch, now.password.unwrap().must_change), (anna.epoch.next(), true));
    assert_eq!(world.live_sessions(&scope, anna.id, NOW).await.len(), 0);
    let job = world.read_bulk(&scope, &job).await;
    assert_eq!((job.reset, job.refused, job.worked_to), (1, 0, waiting[0].number));
    assert_eq!(world.store.waiting_bulk_accounts(&held, 9).await.unwrap(), []);
    let results = world.store.bulk_results(&scope, job.id, 0, 9).await.unwrap();
    assert_eq!((results[0].outcome, results[0].finished_at), (BulkOutcome::Reset, Some(after(1))));
}

pub(super) async fn a_job_waits_while_its_tenant_is_deleted(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    world.listed(&scope, &[anna.id]).await;
    let held = world.claim_bulk(NOW).await.unwrap();
    let waiting = world.store.waiting_bulk_accounts(&held, 9).await.unwrap();
    let done = settled(waiting[0].number, BulkOutcome::Reset);
    let refused = SettledAccount { outcome: BulkOutcome::Refused, ..done.clone() };

    world.change_tenant(&scope, 1, TenantChange::Delete).await;
    let reset = world.store.reset_in_bulk(&held, &world.bulk_password(&scope, &anna), &done).await.unwrap();
    let settled = world.store.settle_bulk_account(&held, &refused, None).await.unwrap();
    let claimed = world.claim_bulk(after(100)).await.is_some();
    world.change_tenant(&scope, 2, TenantChange::Undelete { lost_until: NOW }).await;
    let claimed_again = world.claim_bulk(after(100)).await;

    assert_eq!([reset, settled], [BulkStep::Lost, BulkStep::Lost]);
    assert!(!claimed, "a job of a deleted tenant is nobody's");
    let held = claimed_again.unwrap();
    assert_eq!(world.store.waiting_bulk_accounts(&held, 9).await.unwrap(), waiting);
    assert_eq!(world.read(&scope, anna.id).await.epoch, anna.epoch);
}

pub(super) async fn what_a_dead_process_held_goes_on_behind_its_last_result(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let bert = world.create_account(&scope, &world.unborn_account(&scope, "bert")).await;
    let job = world.listed(&scope, &[anna.id, bert.id]).await;
    let dead = world.claim_bulk(NOW).await.unwrap();
    let waiting = world.store.waiting_bulk_accounts(&dead, 9).await.unwrap();
    let done = settled(waiting[0].number, BulkOutcome::Reset);
    world.store.reset_in_bulk(&dead, &world.bulk_password(&scope, &anna), &done).await.unwrap();

    let held_still = world.claim_bulk(after(59)).await;
    let next = world.claim_bulk(after(60)).await.unwrap();
    let left = world.store.waiting_bulk_accounts(&next, 9).await.unwrap();
    let refused = settled(left[0].number, BulkOutcome::Refused);
    let by_the_dead = world
        .store
        .reset_in_bulk(
            &dead,
            &world.bulk_password(&scope, &bert),
            &settled(left[0].number, BulkOutcome::Reset),
        )
        .await
        .unwrap();
    let by_the_next = world.store.settle_bulk_account(&next, &refused, None).await.unwrap();

    assert_eq!(held_still, None);
    assert_eq!(left.iter().map(|waiting| waiting.account_id).collect::<Vec<_>>(), [bert.id]);
    assert_eq!((by_the_dead, by_the_next), (BulkStep::Lost, BulkStep::Done));
    assert_eq!(world.read(&scope, bert.id).await, bert);
    let job = world.read_bulk(&scope, &job).await;
    assert_eq!((job.reset, job.refused), (1, 1));
}

pub(super) async fn a_cancelled_job_resets_nobody_more(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let job = world.listed(&scope, &[anna.id]).await;
    let held = world.claim_bulk(NOW).await.unwrap();
    let end = world.bulk_end(&scope, &job, None);
    assert_eq!(world.store.alive_bulk_reset(&scope).await.unwrap(), Some(job.id));

    let cancelled = world.store.end_bulk_reset(&scope, &end, Some(idempotent(7, 1))).await.unwrap();
    let done = settled(1, BulkOutcome::Reset);
    let reset = world.store.reset_in_bulk(&held, &world.bulk_password(&scope, &anna), &done).await.unwrap();
    let stopped = EndBulkReset {
        state: BulkState::Stopped,
        stop: Some(BulkStop::AuthorityLost),
        ..world.bulk_end(&scope, &job, Some(held.job.fence))
    };
    let over = world.store.end_bulk_reset(&scope, &stopped, None).await.unwrap();
    let nobody = EndBulkReset { id: BulkResetId::generate(world.entropy(), NOW), ..end };
    let unknown = world.store.end_bulk_reset(&scope, &nobody, None).await.unwrap();

    let StepOutcome::Done(cancelled) = cancelled else { panic!("not ended: {cancelled:?}") };
    assert_eq!((cancelled.state, cancelled.ended_at), (BulkState::Cancelled, Some(after(9))));
    assert_eq!(reset, BulkStep::Lost);
    assert_eq!(over, StepOutcome::Done(cancelled));
    assert_eq!(unknown, StepOutcome::Refused(NoSuchJob));
    assert_eq!(world.read(&scope, anna.id).await, anna);
    assert_eq!(world.claim_bulk(after(1_000)).await, None);
    assert_eq!(world.store.alive_bulk_reset(&scope).await.unwrap(), None);
}

pub(super) async fn a_job_is_ended_by_who_holds_it_alone(world: World) {
    let scope = world.tenant().await;
    let job = world.listed(&scope, &[]).await;
    let older = world.claim_bulk(NOW).await.unwrap();
    let held = world.claim_bulk(after(60)).await.unwrap();
    let end = |held: &HeldBulkReset| EndBulkReset {
        state: BulkState::Finished,
        ..world.bulk_end(&scope, &job, Some(held.job.fence))
    };

    let by_the_older = world.store.end_bulk_reset(&scope, &end(&older), None).await.unwrap();
    world.store.release_bulk_reset(&older, NOW).await.unwrap();
    let still_held = world.claim_bulk(after(60)).await;
    let by_the_holder = world.store.end_bulk_reset(&scope, &end(&held), None).await.unwrap();

    let StepOutcome::Done(untouched) = by_the_older else { panic!("{by_the_older:?}") };
    assert_eq!(untouched.state, BulkState::Running);
    assert_eq!(still_held, None);
    let StepOutcome::Done(ended) = by_the_holder else { panic!("{by_the_holder:?}") };
    assert_eq!(ended.state, BulkState::Finished);
}

pub(super) async fn a_forgotten_job_goes_with_its_accounts(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let job = world.listed(&scope, &[anna.id]).await;
    let end = world.bulk_end(&scope, &job, None);
    world.store.end_bulk_reset(&scope, &end, None).await.unwrap();

    world.store.sweep(after(99)).await.unwrap();
    let kept = world.store.bulk_results(&scope, job.id, 0, 9).await.unwrap();
    while world.store.sweep(after(100)).await.unwrap() > 0 {}

    assert_eq!(kept.len(), 1);
    assert_eq!(world.store.find_bulk_reset(&scope, job.id).await.unwrap(), None);
    assert_eq!(world.store.bulk_results(&scope, job.id, 0, 9).await.unwrap(), []);
}

pub(super) async fn of_many_processes_one_holds_a_job_and_each_account_is_reset_once(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    world.listed(&scope, &[anna.id]).await;

    let claims = tokio::join!(
        world.claim_bulk(NOW),
        world.claim_bulk(NOW),
        world.claim_bulk(NOW),
        world.claim_bulk(NOW),
    );
    let claims = [claims.0, claims.1, claims.2, claims.3];
    let held: Vec<_> = claims.into_iter().flatten().collect();
    assert_eq!(held.len(), 1);
    let (reset, done) = (world.bulk_password(&scope, &anna), settled(1, BulkOutcome::Reset));
    let (left, right) = tokio::join!(
        world.store.reset_in_bulk(&held[0], &reset, &done),
        world.store.reset_in_bulk(&held[0], &reset, &done),
    );

    let mut steps = [left.unwrap(), right.unwrap()];
    steps.sort_by_key(|step| *step == BulkStep::Lost);
    assert_eq!(steps, [BulkStep::Done, BulkStep::Lost]);
    assert_eq!(world.read(&scope, anna.id).await.epoch, anna.epoch.next());
}

pub(super) async fn an_account_that_changed_is_judged_anew(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let job = world.listed(&scope, &[anna.id]).await;
    let held = world.claim_bulk(NOW).await.unwrap();
    world.change(&scope, &anna, AccountChange::Blocked(true)).await;

    let done = settled(1, BulkOutcome::Reset);
    let step = world.store.reset_in_bulk(&held, &world.bulk_password(&scope, &anna), &done).await.unwrap();

    assert_eq!(step, BulkStep::Stale);
    assert_eq!(world.read(&scope, anna.id).await.epoch, anna.epoch);
    let results = world.store.bulk_results(&scope, job.id, 0, 9).await.unwrap();
    assert_eq!(results[0].outcome, BulkOutcome::Waiting);
}
