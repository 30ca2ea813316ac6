use rekey_primitives::clock::{Clock as _, ManualClock};
use rekey_primitives::id::RequestId;
use tempfile::TempDir;

use super::*;
use crate::config::for_tests;
use crate::domain::lane::Lane;
use crate::domain::message::Message;
use crate::domain::page::{ChangeFilter, Filter};
use crate::domain::scope::CallerRights;
use crate::domain::state::State;
use crate::fixtures::{
    NOW, clock, entropy, key_text, keys, link_hosts, message, request_id, rights, scope, scope_of, store,
    tenant,
};
use crate::signals::{QueueDepth, Signals};

struct World {
    intake: Intake,
    queue_depth: QueueDepth,
    clock: ManualClock,
    entropy: SharedEntropy,
    _folder: TempDir,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let mut rules = crate::wiring::rules(&for_tests());
    rules.sends_email = true;
    rules.link_hosts = link_hosts();
    let (clock, entropy, signals) = (clock(), entropy(), Signals::default());
    let intake = Intake {
        store,
        keys: Arc::new(keys()),
        marks: MacKeys::from_text(&key_text()).unwrap(),
        rules,
        signals: signals.clone(),
        clock: Arc::new(clock.clone()),
        entropy: Arc::clone(&entropy),
    };
    World { intake, queue_depth: signals.queue_depth, clock, entropy, _folder: folder }
}

impl World {
    fn request_id(&self) -> RequestId {
        request_id(self.entropy.as_ref())
    }

    async fn send(&self, request_id: RequestId, message: Message) -> Result<Receipt, Refusal> {
        self.intake
            .accept(&scope(), &[MessageRequest { request_id, message, trace: None }])
            .await
            .unwrap()
            .remove(0)
    }
}

fn asked((request_id, message): (RequestId, Message)) -> MessageRequest {
    MessageRequest { request_id, message, trace: None }
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_for_a_day() {
    let world = world().await;
    let id = world.request_id();

    let first = world.send(id, message()).await.unwrap();
    world.clock.advance(Duration::from_secs(86_400 - 1));
    let repeated = world.send(id, message()).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    let forgotten = world.send(id, message()).await.unwrap();

    assert_eq!(first, repeated);
    assert_ne!(first.id, forgotten.id);
}

#[tokio::test]
async fn other_content_under_the_same_request_id_is_refused() {
    let world = world().await;
    let id = world.request_id();
    world.send(id, message()).await.unwrap();
    let mut others = [message(), message(), message(), message()];
    others[0].lane = Lane::Bulk;
    others[1].decoy = true;
    others[2].not_after = Some(NOW.plus(Duration::from_secs(60)));
    others[3].reference = crate::domain::message::Reference::parse("x").unwrap();

    for other in others {
        assert_eq!(world.send(id, other).await, Err(Refusal::RequestIdReused));
    }
}

#[tokio::test]
async fn the_request_ids_of_one_caller_are_none_of_anothers() {
    let world = world().await;
    let request_id = world.request_id();
    let other = scope_of(tenant(), CallerRights { senders: Some(Vec::new()), ..rights("shop") });
    let first = world.send(request_id, message()).await.unwrap();
    let mut different = message();
    different.lane = Lane::Bulk;

    let asked = MessageRequest { request_id, message: different, trace: None };
    let second = world.intake.accept(&other, &[asked]).await.unwrap().remove(0).unwrap();
    let withdrawn = world.intake.cancel(&other, first.id, request_id).await;

    assert_ne!(first.id, second.id);
    assert_eq!(refusal(withdrawn), Refusal::RequestIdReused);
    assert_eq!(world.send(request_id, message()).await.unwrap(), first);
}

#[tokio::test]
async fn a_repeated_request_gets_its_first_answer_although_it_would_be_refused_by_now() {
    let world = world().await;
    let (dying, waiting) = (world.request_id(), world.request_id());
    let mut short = message();
    short.not_after = Some(NOW.plus(Duration::from_secs(90)));
    let first = world.send(dying, short.clone()).await;
    let second = world.send(waiting, message()).await;

    world.clock.advance(Duration::from_secs(90));
    world.queue_depth.set(Lane::Critical, 100_000);
    let batch =
        [(dying, short.clone()), (waiting, message()), (dying, message()), (world.request_id(), short)]
            .map(asked);
    let answers = world.intake.accept(&scope(), &batch).await.unwrap();
    let new = world.send(world.request_id(), message()).await;

    assert!(first.is_ok() && second.is_ok());
    assert_eq!(answers, [first, second, Err(Refusal::RequestIdReused), Err(Refusal::AlreadyExpired)]);
    assert!(matches!(new, Err(Refusal::QueueFull { .. })));
    let page = world.intake.list(&scope(), &Filter::default(), "", 10).await.unwrap();
    assert_eq!(page.notifications.len(), 2);
}

#[tokio::test]
async fn a_refused_message_of_a_batch_holds_up_no_other() {
    let world = world().await;
    let mut dead = message();
    dead.not_after = Some(NOW);
    let twice = world.request_id();
    let batch = [(twice, message()), (world.request_id(), dead), (twice, message())].map(asked);

    let answers = world.intake.accept(&scope(), &batch).await.unwrap();

    assert!(answers[0].is_ok());
    assert_eq!(answers[1], Err(Refusal::AlreadyExpired));
    assert_eq!(answers[2], Err(Refusal::RequestIdReused));
    let page = world.intake.list(&scope(), &Filter::default(), "", 10).await.unwrap();
    assert_eq!(page.notifications.len(), 1);
}

#[tokio::test]
async fn a_message_lives_as_long_as_asked_or_as_its_lane_says_and_no_longer_than_its_row() {
    let world = world().await;
    let asked = NOW.plus(Duration::from_secs(90));
    let (mut short, mut endless) = (message(), message());
    short.not_after = Some(asked);
    endless.not_after = Some(NOW.plus(Duration::from_secs(365 * 86_400)));

    let own = world.send(world.request_id(), short).await.unwrap();
    let lanes = world.send(world.request_id(), message()).await.unwrap();
    let refused = world.send(world.request_id(), endless).await;

    assert_eq!(world.intake.get(&scope(), own.id).await.unwrap().not_after, asked);
    assert_eq!(
        world.intake.get(&scope(), lanes.id).await.unwrap().not_after,
        NOW.plus(Duration::from_secs(600))
    );
    assert!(matches!(refused, Err(Refusal::FieldsInvalid(wrong)) if wrong[0].field == "message.not_after"));
}

#[tokio::test]
async fn a_channel_without_provider_and_a_full_lane_are_refused() {
    let world = world().await;
    let mut text = message();
    text.destination = crate::domain::destination::Destination::parse(
        crate::domain::destination::Channel::Sms,
        "+4915112345678",
    )
    .unwrap();
    world.queue_depth.set(Lane::Critical, 100_000);

    assert_eq!(world.send(world.request_id(), text).await, Err(Refusal::ChannelNotConfigured));
    let full = world.send(world.request_id(), message()).await;
    assert!(matches!(full, Err(Refusal::QueueFull { .. })));
}

#[tokio::test]
async fn pages_follow_each_other_and_belong_to_their_arguments() {
    let world = world().await;
    for _ in 0..3 {
        world.send(world.request_id(), message()).await.unwrap();
        world.clock.advance(Duration::from_secs(1));
    }
    let all = Filter::default();

    let first = world.intake.list(&scope(), &all, "", 2).await.unwrap();
    let second = world.intake.list(&scope(), &all, &first.next_page_token, 2).await.unwrap();
    let other = Filter { state: Some(State::Dead), ..Filter::default() };
    let mixed_up = world.intake.list(&scope(), &other, &first.next_page_token, 2).await;

    assert_eq!((first.notifications.len(), second.notifications.len()), (2, 1));
    assert!(second.next_page_token.is_empty());
    assert!(first.notifications[1].created_at > second.notifications[0].created_at);
    assert_eq!(refusal(mixed_up), Refusal::PageTokenInvalid);
}

#[tokio::test]
async fn a_withdrawn_message_says_so_and_cannot_be_withdrawn_or_replayed() {
    let world = world().await;
    let receipt = world.send(world.request_id(), message()).await.unwrap();
    let request_id = world.request_id();

    let cancelled = world.intake.cancel(&scope(), receipt.id, request_id).await.unwrap();
    let repeated = world.intake.cancel(&scope(), receipt.id, request_id).await.unwrap();
    let again = world.intake.cancel(&scope(), receipt.id, world.request_id()).await;
    let replayed = world.intake.replay(&scope(), receipt.id, world.request_id()).await;

    assert_eq!((cancelled.state, repeated.state), (State::Cancelled, State::Cancelled));
    assert_eq!(refusal(again), Refusal::NotQueued);
    assert_eq!(refusal(replayed), Refusal::NotReplayable);
    assert_eq!(world.clock.now(), NOW);
}

#[tokio::test]
async fn a_token_is_good_for_as_long_as_journeys_are_kept() {
    let world = world().await;
    let history = world.intake.rules.longest_life;
    let watch = world.intake.watch(scope(), ChangeFilter::default(), "").await.unwrap();
    let token = world.intake.resume_token(&watch);

    world.clock.advance(history - Duration::from_micros(1));
    let in_time = world.intake.watch(scope(), ChangeFilter::default(), &token).await;
    world.clock.advance(Duration::from_micros(1));
    let too_late = world.intake.watch(scope(), ChangeFilter::default(), &token).await;

    assert!(in_time.is_ok());
    assert_eq!(refusal(too_late.map(drop)), Refusal::ChangesForgotten);
}
