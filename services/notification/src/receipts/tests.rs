//! A message that was handed over, and reports of it, against a real store.

use std::sync::Arc;

use rekey_primitives::clock::{Clock as _, ManualClock};
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::NotificationId;
use tempfile::TempDir;

use super::*;
use crate::domain::delivery::Outcome;
use crate::domain::destination::Destination;
use crate::domain::lane::Lane;
use crate::domain::notification::Notification;
use crate::domain::receipt::{Receipt, ReceiptDetail, ReceiptState};
use crate::domain::suppression::{Reason, Suppression};
use crate::fixtures::{clock, entropy, receipt_keys, row, scope, store, tenant};
use crate::store::{NewNotification, SuppressedAddress};

pub(super) struct World {
    pub(super) receipts: Receipts,
    pub(super) clock: ManualClock,
    entropy: SharedEntropy,
    _folder: TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = clock();
        let day = Duration::from_secs(86_400);
        let receipts = Receipts {
            store: store(folder.path()).await,
            keys: receipt_keys(),
            lives: SuppressionLives { bounce: 7 * day, complaint: 365 * day },
            life: 14 * day,
            clock: Arc::new(clock.clone()),
        };
        Self { receipts, clock, entropy: entropy(), _folder: folder }
    }

    /// A message of that channel and lane that a provider took over.
    pub(super) async fn handed_over(&self, channel: Channel, lane: Lane) -> NotificationId {
        let now = self.clock.now();
        let to = match channel {
            Channel::Email => "anna@example.com",
            Channel::Sms => "+4915112345678",
            Channel::Webhook => "shop",
        };
        let destination = Destination::parse(channel, to).unwrap();
        let message = NewNotification {
            channel,
            masked_destination: destination.masked(),
            ..row(self.entropy.as_ref(), lane, now)
        };
        let store = &self.receipts.store;
        store.accept(&scope(), std::slice::from_ref(&message), now).await.unwrap();
        let claim = store.claim(lane, 1, Duration::from_secs(60), now).await.unwrap().remove(0);
        let hash = receipt_keys().address_hash(tenant(), &destination);
        store.begin_handing_over_to(claim.lease, Some(&hash), now).await.unwrap();
        store.record(claim.lease, Outcome::Delivered, "provider", now).await.unwrap();
        message.id
    }

    pub(super) fn token(id: NotificationId) -> String {
        receipt_keys().token(tenant(), id)
    }

    pub(super) async fn get(&self, id: NotificationId) -> Notification {
        self.receipts.store.get(&scope(), id).await.unwrap().unwrap()
    }

    pub(super) async fn receipt(&self, id: NotificationId) -> Option<(ReceiptState, String)> {
        let receipt: Receipt = self.get(id).await.receipt?;
        Some((receipt.state, receipt.detail.as_str().to_owned()))
    }

    pub(super) async fn suppressed(&self, channel: Channel, to: &str) -> Vec<Suppression> {
        let destination = Destination::parse(channel, to).unwrap();
        let address_hash = receipt_keys().address_hash(tenant(), &destination);
        let address = SuppressedAddress { channel, address_hash };
        self.receipts.store.suppressions_of(&scope(), &address, self.clock.now()).await.unwrap()
    }

    async fn report(&self, token: &str, state: ReceiptState, code: &str) -> Option<Heard> {
        let token = self.receipts.open(token)?;
        let report = Report { state, detail: ReceiptDetail::of_status(code).unwrap_or_default() };
        Some(self.receipts.take(&token, Channel::Email, &report).await.unwrap())
    }
}

#[tokio::test]
async fn a_report_shows_on_its_message_and_suppresses_an_address_that_does_not_exist() {
    let world = World::new().await;
    let id = world.handed_over(Channel::Email, Lane::Critical).await;
    world.clock.advance(Duration::from_secs(5));

    let heard = world.report(&World::token(id), ReceiptState::Failed, "5.1.1").await;

    assert_eq!(heard, Some(Heard::Taken));
    let shown = world.get(id).await;
    let receipt = shown.receipt.unwrap();
    assert_eq!((receipt.state, receipt.detail.as_str()), (ReceiptState::Failed, "5.1.1"));
    assert_eq!((receipt.at, shown.changed_at), (world.clock.now(), world.clock.now()));
    let suppressed = world.suppressed(Channel::Email, "anna@example.com").await;
    assert_eq!(suppressed.iter().map(|one| one.reason).collect::<Vec<_>>(), [Reason::HardBounce]);
}

#[tokio::test]
async fn a_token_of_another_message_of_the_same_millisecond_moves_only_that_one() {
    let world = World::new().await;
    let first = world.handed_over(Channel::Email, Lane::Critical).await;
    let second = world.handed_over(Channel::Email, Lane::Bulk).await;

    world.report(&World::token(second), ReceiptState::Failed, "5.2.2").await;

    assert_eq!(world.receipt(first).await, None);
    assert_eq!(world.receipt(second).await, Some((ReceiptState::Failed, "5.2.2".to_owned())));
}

#[tokio::test]
async fn a_token_that_was_made_up_or_came_too_late_moves_nothing() {
    let world = World::new().await;
    let id = world.handed_over(Channel::Email, Lane::Critical).await;
    let other = NotificationId::generate(entropy().as_ref(), world.clock.now().plus(Duration::from_secs(1)));

    let forged = world.report(&"a".repeat(56), ReceiptState::Failed, "5.1.1").await;
    let unknown = world.report(&World::token(other), ReceiptState::Failed, "5.1.1").await;
    world.clock.advance(Duration::from_secs(15 * 86_400));
    let late = world.report(&World::token(id), ReceiptState::Failed, "5.1.1").await;

    assert_eq!((forged, unknown, late), (None, Some(Heard::UnknownMessage), Some(Heard::Expired)));
    assert_eq!(world.receipt(id).await, None);
    assert_eq!(world.suppressed(Channel::Email, "anna@example.com").await, []);
}
