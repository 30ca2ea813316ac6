//! Opening, refreshing and ending sessions, and kept answers.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use super::world::{NOW, World, after, answered, default_policy, idempotent, password};
use crate::domain::account::{Account, CredentialEpoch, Sealed};
use crate::domain::audit::EventKind;
use crate::domain::policy::SessionRules;
use crate::domain::session::{Ending, Replaced, Session, SessionOver};
use crate::store::accounts::AccountChange;
use crate::store::outcome::{EarlierRequest, IdempotentRequest, StepOutcome};
use crate::store::sign_ins::{
    AnsweredQuestion, ChangePassword, EndSessions, Ender, LiveSessions, LoginLookup, NotRefreshed,
    OpenSession, Refresh, SessionsEnded, Stale, WhichSessions,
};

impl World {
    /// Shows a refresh token whose hash is that byte, for one whose hash is the next byte, under a request id.
    pub(super) async fn refresh(
        &self,
        session: &Session,
        presented: u8,
        request: u8,
        now: Timestamp,
    ) -> StepOutcome<(Session, Account), NotRefreshed> {
        let scope = crate::domain::scope::TenantScope::of(true, session.tenant_id).unwrap();
        let refresh = Refresh {
            session_id: session.id,
            presented: [presented; 32],
            successor: [presented + 1; 32],
            backend: "shop".to_owned(),
            rules: SessionRules::default(),
            reused_event: self.event(&scope, EventKind::RefreshReused),
            now,
        };
        let answer = |(session, _): &(Session, Account)| session.refresh.current.to_vec();
        let request = answered(100 + request, presented, &|(): &()| b"bound".to_vec());
        let idempotency = answered(presented, presented, &answer);
        self.store.refresh_session(&scope, &refresh, request, idempotency).await.unwrap()
    }
}

pub(super) async fn a_login_is_read_with_tenant_and_policy(world: World) {
    let tenant = world.unborn_tenant("acme");
    let scope = world.create_tenant(&tenant).await;
    let anna = world.account(&scope).await;
    let bert = world.unborn_account(&scope, "bert");
    world.create_account(&scope, &Account { deleted_at: Some(NOW), ..bert.clone() }).await;
    let known =
        |account| Some(LoginLookup { tenant: tenant.clone(), policy: default_policy(tenant.id), account });

    let found = world.store.find_login(&scope, Some(&anna.logins[0])).await.unwrap();
    let deleted = world.store.find_login(&scope, Some(&bert.logins[0])).await.unwrap();
    let no_login = world.store.find_login(&scope, None).await.unwrap();

    assert_eq!(found, known(Some(anna)));
    assert_eq!((deleted, no_login), (known(None), known(None)));
    let nowhere = world.unborn_tenant("nowhere").id;
    let nowhere = crate::domain::scope::TenantScope::of(true, nowhere).unwrap();
    assert_eq!(world.store.find_login(&nowhere, None).await.unwrap(), None);
}

pub(super) async fn a_session_opens_only_on_what_was_judged(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let session = world.session(&anna, 1);
    let open = world.open_session(&scope, &anna, &session);
    let wrong = [
        OpenSession { verified: Some(Sealed::new(b"another".to_vec())), ..open.clone() },
        OpenSession { session: Session { epoch: CredentialEpoch(2), ..session.clone() }, ..open.clone() },
    ];
    for open in wrong {
        let step = world.store.open_session(&scope, &open, idempotent(1, 1)).await.unwrap();
        assert_eq!(step, StepOutcome::Refused(Stale));
    }

    let opened = world.store.open_session(&scope, &open, idempotent(1, 1)).await.unwrap();
    let again = OpenSession { session: world.session(&anna, 2), ..open };
    let again = world.store.open_session(&scope, &again, idempotent(1, 1)).await.unwrap();

    assert_eq!(
        (opened, again),
        (StepOutcome::Done(session.clone()), StepOutcome::Repeated(b"first".to_vec()))
    );
    let anna = Account { last_sign_in_at: Some(NOW), ..anna };
    assert_eq!(world.store.find_session(&scope, session.id).await.unwrap(), Some((session, anna.clone())));
    assert_eq!(world.kinds(&scope).await[2..], [EventKind::SignIn]);
    world.change(&scope, &anna, AccountChange::Blocked(true)).await;
    let blocked = world.open_session(&scope, &anna, &world.session(&anna, 3));
    assert_eq!(
        world.store.open_session(&scope, &blocked, idempotent(2, 1)).await.unwrap(),
        StepOutcome::Refused(Stale)
    );
}

pub(super) async fn a_rehash_is_written_with_the_session(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let open = world.open_session(&scope, &anna, &world.session(&anna, 1));
    let fresh = Sealed::new(b"fresh hash".to_vec());

    world
        .store
        .open_session(&scope, &OpenSession { rehashed: Some(fresh.clone()), ..open }, idempotent(1, 1))
        .await
        .unwrap();

    let rehashed = world.read(&scope, anna.id).await;
    assert_eq!(rehashed.password.as_ref().map(|password| &password.hash), Some(&fresh));
    assert_eq!((rehashed.epoch, rehashed.version), (anna.epoch, anna.version));
    assert_eq!(world.store.last_passwords(&scope, anna.id, 5).await.unwrap(), [fresh]);
}

pub(super) async fn a_refresh_token_is_used_once(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let session = world.signed_in(&scope, &anna, 1).await;

    let rotated = world.refresh(&session, 1, 1, after(100)).await;
    let repeated = world.refresh(&session, 1, 2, after(110)).await;
    let next = world.refresh(&session, 2, 3, after(200)).await;

    let StepOutcome::Done((rotated, account)) = rotated else { panic!("{rotated:?}") };
    assert_eq!((rotated.refresh.current, rotated.refresh.previous), ([2; 32], Some([1; 32])));
    assert_eq!((rotated.refreshed_at, rotated.refresh.rotated_at), (after(100), after(100)));
    assert_eq!(account, Account { last_sign_in_at: Some(NOW), ..anna.clone() });
    assert_eq!(repeated, StepOutcome::Repeated(vec![2; 32]));
    assert!(matches!(next, StepOutcome::Done(_)));
    let unknown = world.refresh(&world.session(&anna, 9), 9, 9, NOW).await;
    assert_eq!(unknown, StepOutcome::Refused(NotRefreshed::Unknown));
}

pub(super) async fn a_token_replaced_twice_within_seconds_is_repeated(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let session = world.signed_in(&scope, &anna, 1).await;
    world.refresh(&session, 1, 1, after(100)).await;
    world.refresh(&session, 2, 2, after(105)).await;

    let first = world.refresh(&session, 1, 3, after(110)).await;
    let second = world.refresh(&session, 2, 4, after(115)).await;
    let (read, _) = world.store.find_session(&scope, session.id).await.unwrap().unwrap();
    let late = world.refresh(&session, 1, 5, after(111)).await;

    assert_eq!((first, second), (StepOutcome::Repeated(vec![2; 32]), StepOutcome::Repeated(vec![3; 32])));
    assert_eq!(read.refresh.earlier, [Replaced { hash: [1; 32], at: after(100) }]);
    assert_eq!(late, StepOutcome::Refused(NotRefreshed::FamilyEnded));
}

pub(super) async fn a_request_to_refresh_is_bound_to_its_token(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let session = world.signed_in(&scope, &anna, 1).await;
    world.refresh(&session, 1, 1, after(100)).await;

    let other = world.refresh(&session, 2, 1, after(101)).await;
    let beside = world.refresh(&session, 1, 2, after(110)).await;
    let late =
        [world.refresh(&session, 1, 1, after(599)).await, world.refresh(&session, 1, 2, after(599)).await];
    let (read, _) = world.store.find_session(&scope, session.id).await.unwrap().unwrap();

    assert_eq!((other, beside), (StepOutcome::OtherContent, StepOutcome::Repeated(vec![2; 32])));
    assert_eq!(late, [StepOutcome::Repeated(vec![2; 32]), StepOutcome::Repeated(vec![2; 32])]);
    assert_eq!((read.refresh.current, read.ended), ([2; 32], None));
}

pub(super) async fn a_spent_token_ends_the_family(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let session = world.signed_in(&scope, &anna, 1).await;
    world.refresh(&session, 1, 1, after(100)).await;

    let reused = world.refresh(&session, 1, 2, after(111)).await;
    let current = world.refresh(&session, 2, 3, after(112)).await;

    let over = SessionOver::Ended(Ending::TokenReused);
    assert_eq!(reused, StepOutcome::Refused(NotRefreshed::FamilyEnded));
    assert_eq!(current, StepOutcome::Refused(NotRefreshed::Over(over)));
    assert_eq!(world.kinds(&scope).await[3..], [EventKind::RefreshReused]);
}

pub(super) async fn sessions_are_listed_newest_first_and_by_the_page(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let mut opened = Vec::new();
    for number in 1..=3 {
        opened.insert(0, world.signed_in(&scope, &anna, number).await.id);
    }
    opened.sort_unstable_by(|a, b| b.cmp(a));
    let page = async |before| {
        let asked = LiveSessions { account_id: anna.id, before, limit: 2, now: NOW };
        let listed = world.store.list_sessions(&scope, &asked).await.unwrap();
        listed.iter().map(|session| session.id).collect::<Vec<_>>()
    };

    assert_eq!(page(None).await, opened[..2]);
    assert_eq!(page(Some(opened[1])).await, opened[2..]);
}

pub(super) async fn only_live_sessions_of_the_account_end(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let bert = world.create_account(&scope, &world.unborn_account(&scope, "bert")).await;
    let (one, two, three) = (
        world.signed_in(&scope, &anna, 1).await,
        world.signed_in(&scope, &anna, 2).await,
        world.signed_in(&scope, &anna, 3).await,
    );
    let other = world.signed_in(&scope, &bert, 4).await;
    let end = async |request, which| {
        let event = world.event(&scope, EventKind::SessionRevoked);
        let ends = EndSessions { account_id: anna.id, by: Ender::Session(two.id), which, event };
        world.store.end_sessions(&scope, &ends, idempotent(request, 1)).await.unwrap()
    };

    let these = end(1, WhichSessions::These(vec![one.id, one.id, other.id])).await;
    let others = end(2, WhichSessions::Others).await;

    assert_eq!((these, others), (StepOutcome::Done(SessionsEnded(1)), StepOutcome::Done(SessionsEnded(1))));
    let live = async |account: &Account| {
        let live = world.live_sessions(&scope, account.id, NOW).await;
        live.iter().map(|session| session.id).collect::<Vec<_>>()
    };
    assert_eq!((live(&anna).await, live(&bert).await), (vec![two.id], vec![other.id]));
    let (ended, _) = world.store.find_session(&scope, three.id).await.unwrap().unwrap();
    assert_eq!(ended.ended, Some((NOW, Ending::Revoked)));
    let late = world.live_sessions(&scope, anna.id, two.expires_at).await;
    assert_eq!(late, []);
    // Expired sessions are over already, so a change of password counts none.
    let change = ChangePassword {
        account_id: anna.id,
        epoch: anna.epoch,
        password: password(b"new hash"),
        history: 1,
        keep: None,
        open: None,
        login: [1; 32],
        event: world.event(&scope, EventKind::PasswordChanged),
        notices: Vec::new(),
        now: two.expires_at,
    };
    let none = world.store.change_password(&scope, &change, None).await.unwrap();
    assert_eq!(none, StepOutcome::Done(SessionsEnded(0)));
}

pub(super) async fn an_administrator_ends_sessions_from_outside(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let bert = world.create_account(&scope, &world.unborn_account(&scope, "bert")).await;
    let [one, two, three] = [
        world.signed_in(&scope, &anna, 1).await,
        world.signed_in(&scope, &anna, 2).await,
        world.signed_in(&scope, &anna, 3).await,
    ];
    let other = world.signed_in(&scope, &bert, 4).await;
    let end = async |request, which| {
        let event = world.event(&scope, EventKind::SessionRevoked);
        let by = Ender::Administrator { version: anna.version };
        let ends = EndSessions { account_id: anna.id, by, which, event };
        world.store.end_sessions(&scope, &ends, idempotent(request, 1)).await.unwrap()
    };

    let these = end(1, WhichSessions::These(vec![one.id, other.id])).await;
    let all = end(2, WhichSessions::Others).await;
    let none = end(3, WhichSessions::Others).await;
    let repeated = end(2, WhichSessions::Others).await;

    assert_eq!(
        [these, all, none].map(|step| step),
        [1, 2, 0].map(|ended| StepOutcome::Done(SessionsEnded(ended)))
    );
    assert_eq!(repeated, StepOutcome::Repeated(b"first".to_vec()));
    for session in [one, two, three] {
        let (ended, _) = world.store.find_session(&scope, session.id).await.unwrap().unwrap();
        assert_eq!(ended.ended, Some((NOW, Ending::Revoked)));
    }
    let (untouched, _) = world.store.find_session(&scope, other.id).await.unwrap().unwrap();
    assert_eq!(untouched.ended, None);
}

pub(super) async fn an_administrator_judged_on_an_earlier_account_ends_nothing(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let session = world.signed_in(&scope, &anna, 1).await;
    let event = world.event(&scope, EventKind::SessionRevoked);
    let by = Ender::Administrator { version: anna.version - 1 };
    let ends = EndSessions { account_id: anna.id, by, which: WhichSessions::Others, event };

    let stale = world.store.end_sessions(&scope, &ends, idempotent(1, 1)).await.unwrap();

    assert_eq!(stale, StepOutcome::Refused(Stale));
    let live = world.live_sessions(&scope, anna.id, NOW).await;
    assert_eq!(live.iter().map(|live| live.id).collect::<Vec<_>>(), [session.id]);
}

pub(super) async fn an_answer_is_kept_until_it_expires(world: World) {
    let scope = world.tenant().await;
    let recall = async |content: u8, now| {
        world.store.find_answer(&scope, &[1; 32], &[content; 32], now).await.unwrap()
    };

    let kept = world.store.store_answer(&scope, idempotent(1, 1), NOW).await.unwrap();
    let last = after(600).minus(Duration::from_micros(1));
    let again = world.store.store_answer(&scope, idempotent(1, 1), last).await.unwrap();

    assert_eq!((kept, again), (StepOutcome::Done(()), StepOutcome::Repeated(b"first".to_vec())));
    assert_eq!(recall(1, after(599)).await, EarlierRequest::Answered(b"first".to_vec()));
    assert_eq!(recall(2, after(599)).await, EarlierRequest::OtherContent);
    assert_eq!(recall(1, after(600)).await, EarlierRequest::New);
    let later = IdempotentRequest { expires_at: after(1_200), ..idempotent(1, 2) };
    assert_eq!(world.store.store_answer(&scope, later, after(600)).await.unwrap(), StepOutcome::Done(()));
    let again = world.store.store_answer(&scope, idempotent(1, 2), after(601)).await.unwrap();
    assert_eq!(again, StepOutcome::Repeated(b"first".to_vec()));
}

pub(super) async fn a_dead_session_ends_nothing(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let (here, there) = (world.signed_in(&scope, &anna, 1).await, world.signed_in(&scope, &anna, 2).await);
    let end = async |request, which| {
        let event = world.event(&scope, EventKind::SessionRevoked);
        let ends = EndSessions { account_id: anna.id, by: Ender::Session(here.id), which, event };
        world.store.end_sessions(&scope, &ends, idempotent(request, 1)).await.unwrap()
    };

    let left = end(1, WhichSessions::These(vec![here.id])).await;
    let again = end(2, WhichSessions::These(vec![there.id])).await;
    let others = end(2, WhichSessions::Others).await;
    let repeated = end(1, WhichSessions::These(vec![here.id])).await;

    assert_eq!(left, StepOutcome::Done(SessionsEnded(1)));
    assert_eq!((again, others), (StepOutcome::Refused(Stale), StepOutcome::Refused(Stale)));
    assert_eq!(repeated, StepOutcome::Repeated(b"first".to_vec()));
    let (ended, _) = world.store.find_session(&scope, here.id).await.unwrap().unwrap();
    assert_eq!(ended.ended, Some((NOW, Ending::SignedOut)));
    let live = world.live_sessions(&scope, anna.id, NOW).await;
    assert_eq!(live.iter().map(|session| session.id).collect::<Vec<_>>(), [there.id]);
    assert_eq!(world.kinds(&scope).await[4..], [EventKind::SessionRevoked]);
    assert_eq!(world.store.find_answer(&scope, &[2; 32], &[1; 32], NOW).await.unwrap(), EarlierRequest::New);
}

pub(super) async fn a_question_is_answered_once(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let answer = async |account: &Account, is_still_right, refresh| {
        let answers = Some(AnsweredQuestion { version: account.version, is_still_right });
        let open = world.open_session(&scope, account, &world.session(account, refresh));
        world
            .store
            .open_session(&scope, &OpenSession { answers, ..open }, idempotent(refresh, 1))
            .await
            .unwrap()
    };

    let wrong = answer(&anna, false, 1).await;
    let after_wrong = world.read(&scope, anna.id).await;
    let stale = answer(&anna, true, 2).await;
    let right = answer(&after_wrong, true, 3).await;
    let after_right = world.read(&scope, anna.id).await;

    assert!(matches!((&wrong, &right), (StepOutcome::Done(_), StepOutcome::Done(_))), "{wrong:?} {right:?}");
    assert_eq!(stale, StepOutcome::Refused(Stale));
    assert_eq!((after_wrong.reconfirmed_at, after_wrong.version), (None, 2));
    assert_eq!((after_right.reconfirmed_at, after_right.version), (Some(NOW), 3));
    assert_eq!(after_right.recovery_version, anna.recovery_version);
    assert_eq!(world.live_sessions(&scope, anna.id, NOW).await.len(), 2);
}
