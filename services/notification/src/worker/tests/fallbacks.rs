//! The next channel: taken when the one before fails or takes too long, and never by what may have gone out.

use super::delivery_events::told;
use super::*;
use crate::domain::fallback::{Fallback, Fallbacks};
use crate::domain::receipt::{ReceiptDetail, ReceiptState, Report, SuppressionLives};
use crate::domain::template::TemplateName;
use crate::fixtures::{delivery_event, fitting, request_id, tenant};
use crate::payload::{Payload, PayloadRow};
use crate::store::{ChangeRequest, Reported};

const AFTER: Duration = Duration::from_secs(30);

/// A gateway that takes every text message and notes it.
#[derive(Clone, Default)]
pub(super) struct Texts {
    sent: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Provider for Texts {
    async fn send(&self, outgoing: &Outgoing, hand_over: &dyn HandOver) -> Result<(), SendFailure> {
        hand_over.begin().await?;
        assert_eq!(outgoing.destination.as_str(), "+4915112345642");
        let Rendered::Sms { text } = &outgoing.content else { panic!("no text message") };
        self.sent.lock().unwrap().push(text.to_string());
        Ok(())
    }
}

impl Texts {
    pub(super) fn count(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
}

/// A relay and a gateway.
pub(super) async fn world_with(relay: &Scripted) -> (World, Texts) {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let texts = Texts::default();
    let gateway =
        ConfiguredProvider::new("texts".to_owned(), vec![Channel::Sms], Box::new(texts.clone()), BREAKER);
    let providers = vec![super::relay(0, Box::new(relay.clone())), gateway];
    (World::over(store, folder, providers), texts)
}

impl World {
    /// A code by mail that goes to a phone next, and of which is told where it was delivered.
    pub(super) async fn accept_with_a_step(&self, decoy: bool) -> NewNotification {
        let now = self.clock.now();
        let mut message = row(self.entropy.as_ref(), Lane::Critical, now);
        let destination = Destination::parse(Channel::Email, "anna@example.com").unwrap();
        let phone = Destination::parse(Channel::Sms, "+4915112345642").unwrap();
        let of_step = Some(delivery_event(Channel::Sms));
        let step = Fallback { destination: phone, after: AFTER, delivery_event: of_step };
        let payload = Payload {
            delivery_event: Some(delivery_event(Channel::Email)),
            fallbacks: Fallbacks::trusted(vec![step]),
            ..Payload::plain(destination, fitting(TemplateName::PasswordResetCode))
        };
        let of_row = PayloadRow { tenant_id: tenant(), id: message.id };
        message.payload = payload.seal(&keys(), self.entropy.as_ref(), of_row);
        message.fallback_at = Some(now.plus(AFTER));
        message.decoy = decoy;
        self.store.accept(&scope(), std::slice::from_ref(&message), now).await.unwrap();
        message
    }

    /// Somebody reports that the mail did not arrive.
    async fn did_not_arrive(&self, id: NotificationId) {
        let lives = SuppressionLives { bounce: AFTER, complaint: AFTER };
        let report = Report { state: ReceiptState::Failed, detail: ReceiptDetail::default() };
        let reported = Reported { tenant_id: tenant(), id, channel: Channel::Email };
        self.store.record_receipt(reported, &report, lives, self.clock.now()).await.unwrap();
    }

    /// What was told since this was asked last.
    async fn told(&self) -> Vec<String> {
        self.events().await.into_iter().map(|(_, event)| event).collect()
    }
}

#[tokio::test]
async fn a_message_that_is_refused_for_good_goes_to_the_next_channel_at_once() {
    let relay = Scripted::answering(&[FailureClass::Address]);
    let (world, texts) = world_with(&relay).await;
    let message = world.accept_with_a_step(false).await;

    world.work().await;
    let moved = world.get(message.id).await;
    world.work().await;

    assert_eq!((moved.state, moved.channel, moved.fallbacks_used), (State::Queued, Channel::Sms, 1));
    assert_eq!((moved.last_failure, moved.fallback_at), (Some(FailureClass::Address), None));
    let found = world.get(message.id).await;
    assert_eq!((found.state, found.provider.as_str(), found.tries), (State::Delivered, "texts", 1));
    assert_eq!((relay.tries(), texts.count()), (1, 1));
    assert!(texts.sent.lock().unwrap()[0].contains("271828"), "the same code");
}

#[tokio::test]
async fn a_message_that_nobody_took_in_time_goes_to_the_next_channel_then() {
    let relay = Scripted::answering(&[FailureClass::Transient; 30]);
    let (world, texts) = world_with(&relay).await;
    let message = world.accept_with_a_step(false).await;
    let due = message.fallback_at.unwrap();

    world.work().await;
    while world.clock.now() < due {
        let next = world.get(message.id).await.next_try_at.unwrap();
        assert!(next <= due, "it waits no longer than its step: {next:?}");
        world.clock.set(next);
        world.work().await;
    }
    let tries_by_mail = relay.tries();
    world.work().await;

    let found = world.get(message.id).await;
    assert_eq!((found.state, found.channel, texts.count()), (State::Delivered, Channel::Sms, 1));
    assert_eq!(found.last_failure, Some(FailureClass::Transient));
    assert_eq!(relay.tries(), tries_by_mail);
}

#[tokio::test]
async fn what_was_taken_or_may_have_gone_out_stays_where_it_is() {
    for (answers, state) in [(&[][..], State::Delivered), (&[FailureClass::AnswerLost][..], State::Unknown)] {
        let relay = Scripted::answering(answers);
        let (world, texts) = world_with(&relay).await;
        let message = world.accept_with_a_step(false).await;

        world.work().await;
        world.clock.advance(2 * AFTER);
        world.work().await;

        let found = world.get(message.id).await;
        assert_eq!((found.state, found.channel, texts.count()), (state, Channel::Email, 0));
    }
}

#[tokio::test]
async fn a_decoy_takes_its_steps_as_a_message_does() {
    let relay = Scripted::answering(&[FailureClass::Provider; 30]);
    let (world, texts) = world_with(&relay).await;
    // What a decoy knows of the relay.
    world.accept(Lane::Critical).await;
    world.work().await;
    let (message, decoy) = (world.accept_with_a_step(false).await, world.accept_with_a_step(true).await);

    world.work().await;
    world.clock.set(message.fallback_at.unwrap());
    world.work().await;
    let moved = (world.get(message.id).await, world.get(decoy.id).await);
    world.work().await;

    let (message, decoy) = (world.get(message.id).await, world.get(decoy.id).await);
    assert_eq!((moved.0.state, moved.0.channel), (State::Queued, Channel::Sms));
    assert_eq!(moved.1, Notification { id: decoy.id, ..moved.0 });
    assert_eq!((message.state, texts.count()), (State::Delivered, 1));
    assert_eq!(decoy, Notification { id: decoy.id, ..message });
}

#[tokio::test]
async fn a_message_that_is_sent_again_goes_by_its_own_channel_first() {
    let relay = Scripted::answering(&[FailureClass::AnswerLost]);
    let (world, texts) = world_with(&relay).await;
    let message = world.accept_with_a_step(false).await;
    world.work().await;
    world.clock.advance(2 * AFTER);
    let request_id = request_id(world.entropy.as_ref());
    let change = ChangeRequest { id: message.id, request_id, request_expires_at: message.not_after };

    world.store.replay(&scope(), change, world.clock.now()).await.unwrap();
    world.work().await;

    let found = world.get(message.id).await;
    assert_eq!((found.state, found.channel), (State::Delivered, Channel::Email));
    assert_eq!((relay.tries(), texts.count()), (2, 0));
}

#[tokio::test]
async fn each_delivery_is_told_with_the_channel_that_it_went_by() {
    let (world, _texts) = world_with(&Scripted::answering(&[FailureClass::Address])).await;
    world.accept_with_a_step(false).await;
    world.accept_with_a_step(false).await;

    world.work().await;
    world.work().await;

    let mut all = world.told().await;
    all.sort();
    assert_eq!(all, [told(Channel::Email, NOW), told(Channel::Sms, NOW)]);
}

#[tokio::test]
async fn a_message_that_did_not_arrive_is_told_of_again_when_its_next_channel_has_it() {
    let (world, texts) = world_with(&Scripted::default()).await;
    let message = world.accept_with_a_step(false).await;
    world.work().await;
    let first = world.told().await;

    world.did_not_arrive(message.id).await;
    world.work().await;
    world.work().await;

    assert_eq!((first, texts.count()), (vec![told(Channel::Email, NOW)], 1));
    assert_eq!(world.told().await, [told(Channel::Sms, NOW)]);
}
