//! Addresses that get no messages.

use super::*;
use crate::domain::receipt::{ReceiptDetail, ReceiptState, Report, SuppressionLives};
use crate::domain::suppression::{Reason, Stream};
use crate::domain::template::TemplateName;
use crate::fixtures::{fitting, receipt_keys, request_id, tenant};
use crate::payload::{Payload, PayloadRow};
use crate::store::{Entry, ReceiptOutcome, Reported, SuppressionRequest};

fn anna() -> Destination {
    Destination::parse(Channel::Email, "anna@example.com").unwrap()
}

impl World {
    async fn with_suppression(provider: &Scripted) -> Self {
        let mut world = Self::with(&[provider]).await;
        world.look_at_suppressions();
        world
    }

    pub(super) fn look_at_suppressions(&mut self) {
        Arc::get_mut(&mut self.dispatcher).unwrap().correspondence = Some(Correspondence {
            keys: receipt_keys(),
            return_path_domain: Some("bounces.example.com".to_owned()),
            callback_url: None,
            callback_providers: std::collections::BTreeSet::new(),
        });
    }

    async fn suppress(&self, stream: Stream, reason: Reason) {
        self.suppress_address(&anna(), stream, reason).await;
    }

    pub(super) async fn suppress_address(&self, address: &Destination, stream: Stream, reason: Reason) {
        let entry = Entry {
            tenant_id: tenant(),
            channel: address.channel(),
            address_hash: receipt_keys().address_hash(tenant(), address),
            stream,
            reason,
            masked_destination: "",
            expires_at: None,
        };
        let request = SuppressionRequest {
            request_id: request_id(self.entropy.as_ref()),
            request_expires_at: NOW.plus(Duration::from_secs(60)),
            content: NotificationId::from_uuid(uuid::Uuid::from_u128(1)),
        };
        self.store.create_suppression(&entry, request, self.clock.now()).await.unwrap();
    }

    /// A message or a decoy of that template.
    async fn accept_of(&self, lane: Lane, template: TemplateName, decoy: bool) -> NewNotification {
        let plain = row(self.entropy.as_ref(), lane, self.clock.now());
        let payload = Payload::plain(anna(), fitting(template));
        let at = PayloadRow { tenant_id: tenant(), id: plain.id };
        let sealed = payload.seal(&keys(), self.entropy.as_ref(), at);
        let message = NewNotification { template: Some(template), decoy, payload: sealed, ..plain };
        self.store.accept(&scope(), std::slice::from_ref(&message), self.clock.now()).await.unwrap();
        message
    }
}

#[tokio::test]
async fn a_message_to_a_suppressed_address_is_given_to_nobody() {
    let provider = Scripted::default();
    let world = World::with_suppression(&provider).await;
    world.suppress(Stream::All, Reason::HardBounce).await;
    let message = world.accept(Lane::Critical).await;

    world.work().await;

    let shown = world.get(message.id).await;
    assert_eq!((shown.state, shown.tries, shown.last_failure), (State::Suppressed, 0, None));
    assert_eq!((shown.provider.as_str(), shown.next_try_at, provider.tries()), ("", None, 0));
}

#[tokio::test]
async fn a_decoy_ends_as_a_message_to_the_same_address_would() {
    let provider = Scripted::default();
    let world = World::with_suppression(&provider).await;
    world.suppress(Stream::All, Reason::HardBounce).await;
    let template = TemplateName::PasswordResetCode;
    let (message, decoy) = (
        world.accept_of(Lane::Critical, template, false).await,
        world.accept_of(Lane::Critical, template, true).await,
    );

    world.work().await;

    let (real, shown) = (world.get(message.id).await, world.get(decoy.id).await);
    assert_eq!(Notification { id: real.id, ..shown }, real);
    assert_eq!(real.state, State::Suppressed);
}

#[tokio::test]
async fn a_complaint_stops_what_can_be_unwanted_and_nothing_about_security() {
    let provider = Scripted::default();
    let world = World::with_suppression(&provider).await;
    world.suppress(Stream::All, Reason::Complaint).await;
    let reminder = world.accept_of(Lane::Transactional, TemplateName::PasswordExpiryNotice, false).await;
    let notice = world.accept_of(Lane::Transactional, TemplateName::PasswordResetNotice, false).await;
    let code = world.accept(Lane::Critical).await;

    world.work_on(Lane::Transactional).await;
    world.work().await;

    let mut states = Vec::new();
    for message in [reminder, notice, code] {
        states.push(world.get(message.id).await.state);
    }
    assert_eq!(states, [State::Suppressed, State::Delivered, State::Delivered]);
    assert_eq!(provider.tries(), 2);
}

#[tokio::test]
async fn what_is_reported_of_a_handed_over_message_finds_its_address() {
    let world = World::with_suppression(&Scripted::default()).await;
    let message = world.accept(Lane::Critical).await;
    world.work().await;
    let reported = Reported { tenant_id: tenant(), id: message.id, channel: Channel::Email };
    let failed =
        Report { state: ReceiptState::Failed, detail: ReceiptDetail::of_status("5.1.1").unwrap_or_default() };
    let lives = SuppressionLives { bounce: Duration::from_secs(60), complaint: Duration::from_secs(60) };

    let heard = world.store.record_receipt(reported, &failed, lives, world.clock.now()).await.unwrap();
    let next = world.accept(Lane::Critical).await;
    world.work().await;

    assert_eq!(heard, ReceiptOutcome::Recorded { suppressed: Some(Reason::HardBounce) });
    assert_eq!(world.get(next.id).await.state, State::Suppressed);
}
