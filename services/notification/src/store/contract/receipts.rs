//! What is heard of messages.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{NotificationId, TenantId};

use super::World;
use crate::domain::delivery::Outcome;
use crate::domain::destination::Channel;
use crate::domain::lane::Lane;
use crate::domain::receipt::{ReceiptDetail, ReceiptState, Report, SuppressionLives};
use crate::domain::state::{FailureClass, State};
use crate::domain::suppression::{AddressHash, Reason, Stream};
use crate::fixtures::{NOW, scope, tenant};
use crate::store::{Entry, ReceiptOutcome, Reported, SuppressedAddress};

const HASH: AddressHash = [7; 32];
const LIVES: SuppressionLives = SuppressionLives {
    bounce: Duration::from_secs(7 * 86_400),
    complaint: Duration::from_secs(365 * 86_400),
};
const TAKEN: ReceiptOutcome = ReceiptOutcome::Recorded { suppressed: None };

fn report(state: ReceiptState, code: &str) -> Report {
    Report { state, detail: ReceiptDetail::of_status(code).unwrap_or_default() }
}

/// What somebody wrote down about the address of the messages here.
fn entry(channel: Channel) -> Entry<'static> {
    Entry {
        tenant_id: tenant(),
        channel,
        address_hash: HASH,
        stream: Stream::All,
        reason: Reason::Manual,
        masked_destination: "a•••",
        expires_at: None,
    }
}

fn of(id: NotificationId) -> Reported {
    Reported { tenant_id: tenant(), id, channel: Channel::Email }
}

impl World {
    /// A message or a decoy that a provider took over.
    async fn handed_over(
        &self,
        channel: Channel,
        is_decoy: bool,
        hash: Option<AddressHash>,
    ) -> NotificationId {
        let mut message = self.message(Lane::Critical, NOW);
        (message.channel, message.decoy) = (channel, is_decoy);
        self.accept(std::slice::from_ref(&message), NOW).await;
        let held = self.claim_one(NOW).await;
        self.store.begin_handing_over_to(held.lease, hash.as_ref(), NOW).await.unwrap();
        self.store.record(held.lease, Outcome::Delivered, "provider", NOW).await.unwrap();
        message.id
    }

    async fn hear(&self, reported: Reported, report: &Report, after: u64) -> ReceiptOutcome {
        let now = NOW.plus(Duration::from_secs(after));
        self.store.record_receipt(reported, report, LIVES, now).await.unwrap()
    }

    async fn receipt(&self, id: NotificationId) -> Option<(ReceiptState, String)> {
        let receipt = self.get(id).await.unwrap().receipt?;
        Some((receipt.state, receipt.detail.as_str().to_owned()))
    }

    async fn entries(&self, channel: Channel) -> Vec<(Stream, Reason, Option<Timestamp>)> {
        let address = SuppressedAddress { channel, address_hash: HASH };
        let entries = self.store.suppressions_of(&scope(), &address, NOW).await.unwrap();
        entries.iter().map(|one| (one.stream, one.reason, one.expires_at)).collect()
    }

    async fn reasons(&self, channel: Channel) -> Vec<(Stream, Reason, bool)> {
        let entries = self.entries(channel).await;
        entries.into_iter().map(|(stream, reason, end)| (stream, reason, end.is_some())).collect()
    }
}

pub(super) async fn a_hard_bounce_shows_on_its_message_and_writes_its_address_down(world: &World) {
    let id = world.handed_over(Channel::Email, false, Some(HASH)).await;

    let heard = world.hear(of(id), &report(ReceiptState::Failed, "5.1.1"), 5).await;

    assert_eq!(heard, ReceiptOutcome::Recorded { suppressed: Some(Reason::HardBounce) });
    let shown = world.get(id).await.unwrap();
    assert_eq!((shown.state, shown.changed_at), (State::Delivered, NOW.plus(Duration::from_secs(5))));
    assert_eq!(world.receipt(id).await, Some((ReceiptState::Failed, "5.1.1".to_owned())));
    assert_eq!(world.reasons(Channel::Email).await, [(Stream::All, Reason::HardBounce, true)]);
}

pub(super) async fn a_receipt_moves_forward_and_never_back(world: &World) {
    let id = world.handed_over(Channel::Email, false, Some(HASH)).await;
    let reports = [
        (ReceiptState::Delayed, "4.4.1", TAKEN),
        (ReceiptState::Delayed, "4.2.2", ReceiptOutcome::Known),
        (ReceiptState::Delivered, "2.0.0", TAKEN),
        (ReceiptState::Delayed, "4.4.1", ReceiptOutcome::Known),
        (ReceiptState::Failed, "5.2.2", TAKEN),
        (ReceiptState::Failed, "5.1.1", ReceiptOutcome::Known),
        (ReceiptState::Delivered, "2.0.0", ReceiptOutcome::Known),
        (ReceiptState::Complained, "", TAKEN),
        (ReceiptState::Failed, "5.1.1", ReceiptOutcome::Known),
    ];

    for (place, (state, code, expected)) in (1..).zip(reports) {
        assert_eq!(world.hear(of(id), &report(state, code), place).await, expected, "{place}");
    }

    assert_eq!(world.receipt(id).await, Some((ReceiptState::Complained, String::new())));
    assert_eq!(world.get(id).await.unwrap().changed_at, NOW.plus(Duration::from_secs(8)));
    assert_eq!(world.reasons(Channel::Email).await, []);
}

pub(super) async fn a_receipt_of_another_tenant_or_channel_or_of_a_decoy_finds_nothing(world: &World) {
    let id = world.handed_over(Channel::Email, false, Some(HASH)).await;
    let decoy = world.handed_over(Channel::Email, true, None).await;
    let failed = report(ReceiptState::Failed, "5.1.1");
    let elsewhere = Reported { tenant_id: TenantId::from_uuid(uuid::Uuid::from_u128(1)), ..of(id) };
    let by_text = Reported { channel: Channel::Sms, ..of(id) };

    for reported in [elsewhere, by_text, of(decoy)] {
        assert_eq!(world.hear(reported, &failed, 1).await, ReceiptOutcome::NotFound);
    }

    assert_eq!((world.receipt(id).await, world.receipt(decoy).await), (None, None));
    assert_eq!(world.reasons(Channel::Email).await, []);
}

pub(super) async fn messages_of_a_millisecond_are_found_and_decoys_are_not_among_them(world: &World) {
    let first = world.handed_over(Channel::Email, false, None).await;
    let second = world.handed_over(Channel::Sms, false, None).await;
    world.handed_over(Channel::Sms, true, None).await;
    let millisecond = NOW.unix_micros() / 1_000;

    let mut found = world.store.accepted_in(tenant(), millisecond).await.unwrap();
    let before = world.store.accepted_in(tenant(), millisecond - 1).await.unwrap();

    found.sort();
    let mut expected = vec![first, second];
    expected.sort();
    assert_eq!((found, before), (expected, Vec::new()));
}

pub(super) async fn without_a_hash_of_its_address_nothing_is_written_down(world: &World) {
    let id = world.handed_over(Channel::Email, false, None).await;

    let heard = world.hear(of(id), &report(ReceiptState::Failed, "5.1.1"), 1).await;

    assert_eq!(heard, TAKEN);
    assert_eq!(world.receipt(id).await, Some((ReceiptState::Failed, "5.1.1".to_owned())));
}

pub(super) async fn what_was_written_down_for_good_is_not_shortened_by_a_receipt(world: &World) {
    let id = world.handed_over(Channel::Sms, false, Some(HASH)).await;
    let other = world.handed_over(Channel::Sms, false, Some(HASH)).await;
    let by_text = |id| Reported { channel: Channel::Sms, ..of(id) };
    let failed =
        |code| Report { state: ReceiptState::Failed, detail: ReceiptDetail::of_gateway(code).unwrap() };

    world.hear(by_text(id), &failed("21610"), 1).await;
    world.hear(by_text(other), &failed("30005"), 2).await;

    assert_eq!(world.reasons(Channel::Sms).await, [(Stream::All, Reason::Unsubscribed, false)]);
}

pub(super) async fn what_somebody_wrote_down_for_longer_is_not_shortened_by_a_receipt(world: &World) {
    let failed = report(ReceiptState::Failed, "5.1.1");
    let days = |days: u64| Duration::from_secs(days * 86_400);
    let written = |length| Entry { expires_at: Some(NOW.plus(length)), ..entry(Channel::Email) };

    world.suppress(&written(days(30)), NOW).await;
    let first = world.handed_over(Channel::Email, false, Some(HASH)).await;
    world.hear(of(first), &failed, 1).await;
    let longer = world.entries(Channel::Email).await;
    world.suppress(&written(days(1)), NOW).await;
    let second = world.handed_over(Channel::Email, false, Some(HASH)).await;
    world.hear(of(second), &failed, 1).await;
    let shorter = world.entries(Channel::Email).await;

    let end_of_bounce = NOW.plus(Duration::from_secs(1) + LIVES.bounce);
    assert_eq!(longer, [(Stream::All, Reason::Manual, Some(NOW.plus(days(30))))]);
    assert_eq!(shorter, [(Stream::All, Reason::HardBounce, Some(end_of_bounce))]);
}

pub(super) async fn a_receipt_that_counts_for_good_outlasts_what_somebody_wrote_down(world: &World) {
    let timed = Entry { expires_at: Some(NOW.plus(10 * LIVES.complaint)), ..entry(Channel::Sms) };
    world.suppress(&timed, NOW).await;
    let id = world.handed_over(Channel::Sms, false, Some(HASH)).await;
    let stopped = Report { state: ReceiptState::Failed, detail: ReceiptDetail::of_gateway("21610").unwrap() };

    world.hear(Reported { channel: Channel::Sms, ..of(id) }, &stopped, 1).await;

    assert_eq!(world.entries(Channel::Sms).await, [(Stream::All, Reason::Unsubscribed, None)]);
}

pub(super) async fn a_replayed_message_begins_without_a_receipt(world: &World) {
    let message = world.accepted(NOW).await;
    let held = world.claim_one(NOW).await;
    let dead = Outcome::Dead { class: FailureClass::Refused };
    world.store.record(held.lease, dead, "provider", NOW).await.unwrap();
    world.hear(of(message.id), &report(ReceiptState::Failed, "5.4.4"), 1).await;

    world.store.replay(&scope(), world.change(message.id), NOW).await.unwrap();

    let shown = world.get(message.id).await.unwrap();
    assert_eq!((shown.state, shown.receipt), (State::Queued, None));
}

pub(super) async fn decoys_get_their_receipts_when_messages_would(world: &World) {
    let message = world.handed_over(Channel::Sms, false, None).await;
    let decoy = world.handed_over(Channel::Sms, true, None).await;
    let by_mail = world.handed_over(Channel::Email, true, None).await;
    let delivered = Report { state: ReceiptState::Delivered, detail: ReceiptDetail::default() };
    let reported = Reported { channel: Channel::Sms, ..of(message) };
    let after = |seconds| NOW.plus(Duration::from_secs(seconds));

    let before = world.sweep(after(1)).await.decoys_answered;
    world.hear(reported, &delivered, 4).await;
    let early = world.sweep(after(3)).await.decoys_answered;
    let at = world.sweep(after(4)).await.decoys_answered;
    let again = world.sweep(after(5)).await.decoys_answered;

    assert_eq!((before, early, at, again), (0, 0, 1, 0));
    let (shown, expected) = (world.get(decoy).await.unwrap(), world.get(message).await.unwrap());
    assert_eq!((shown.receipt, shown.changed_at), (expected.receipt, expected.changed_at));
    assert_eq!(world.receipt(by_mail).await, None);
}

pub(super) async fn of_two_reports_at_once_the_worse_stays(world: &World) {
    let id = world.handed_over(Channel::Email, false, Some(HASH)).await;
    let (failed, delivered) =
        (report(ReceiptState::Failed, "5.1.1"), report(ReceiptState::Delivered, "2.0.0"));

    let (one, other, third) = tokio::join!(
        world.hear(of(id), &failed, 1),
        world.hear(of(id), &delivered, 1),
        world.hear(of(id), &failed, 1)
    );

    let suppressed = ReceiptOutcome::Recorded { suppressed: Some(Reason::HardBounce) };
    assert_eq!([one, third].iter().filter(|heard| **heard == suppressed).count(), 1);
    assert_ne!(other, ReceiptOutcome::NotFound);
    assert_eq!(world.receipt(id).await, Some((ReceiptState::Failed, "5.1.1".to_owned())));
}
