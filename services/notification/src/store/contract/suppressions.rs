//! The addresses that get no messages.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{NotificationId, TenantId};

use super::World;
use crate::domain::destination::Channel;
use crate::domain::lane::Lane;
use crate::domain::suppression::{Candidate, Reason, Stream};
use crate::domain::template::TemplateName;
use crate::fixtures::{NOW, request_id, rights, scope, scope_of, tenant};
use crate::store::{
    Entry, SuppressedAddress, SuppressionFilter, SuppressionOutcome, SuppressionPosition, SuppressionQuery,
    SuppressionRequest,
};

const REMINDER: Candidate =
    Candidate { lane: Lane::Bulk, template: Some(TemplateName::PasswordExpiryNotice) };

fn entry(number: u8) -> Entry<'static> {
    Entry {
        tenant_id: tenant(),
        channel: Channel::Email,
        address_hash: [number; 32],
        stream: Stream::All,
        reason: Reason::Manual,
        masked_destination: "a•••@e•••",
        expires_at: None,
    }
}

fn address(number: u8) -> SuppressedAddress {
    SuppressedAddress { channel: Channel::Email, address_hash: [number; 32] }
}

impl World {
    fn asked(&self, content: u128) -> SuppressionRequest {
        SuppressionRequest {
            request_id: request_id(self.entropy.as_ref()),
            request_expires_at: NOW.plus(Duration::from_secs(86_400)),
            content: NotificationId::from_uuid(uuid::Uuid::from_u128(content)),
        }
    }

    pub(super) async fn suppress(&self, entry: &Entry<'_>, now: Timestamp) -> SuppressionOutcome {
        self.store.create_suppression(entry, self.asked(1), now).await.unwrap()
    }

    async fn stopped(&self, number: u8, now: Timestamp) -> Option<Reason> {
        self.store.stopped_by(tenant(), &address(number), REMINDER, now).await.unwrap()
    }

    async fn page(
        &self,
        filter: SuppressionFilter,
        after: Option<SuppressionPosition>,
    ) -> (usize, Option<SuppressionPosition>) {
        let query = SuppressionQuery { filter, after, most: 2 };
        let listed = self.store.list_suppressions(&scope(), &query, NOW).await.unwrap();
        (listed.suppressions.len(), listed.next)
    }
}

pub(super) async fn an_entry_stops_messages_until_it_is_taken_back(world: &World) {
    let before = world.stopped(1, NOW).await;
    let made = world.suppress(&entry(1), NOW).await;
    let meanwhile = (world.stopped(1, NOW).await, world.stopped(2, NOW).await);
    let removed = world.store.remove_suppressions(&scope(), address(1), world.asked(2), NOW).await.unwrap();

    assert!(matches!(made, SuppressionOutcome::Made(entries) if entries.len() == 1));
    assert_eq!((before, meanwhile), (None, (Some(Reason::Manual), None)));
    assert_eq!(removed, SuppressionOutcome::Made(Vec::new()));
    assert_eq!(world.stopped(1, NOW).await, None);
}

pub(super) async fn an_entry_that_is_over_counts_no_more_and_is_forgotten(world: &World) {
    let end = NOW.plus(Duration::from_secs(60));
    world.suppress(&Entry { expires_at: Some(end), ..entry(1) }, NOW).await;
    world.suppress(&entry(2), NOW).await;

    let until = world.stopped(1, end.minus(Duration::from_micros(1))).await;
    let over = world.stopped(1, end).await;
    let swept = world.sweep(end).await.suppressions_forgotten;
    let again = world.sweep(end).await.suppressions_forgotten;

    assert_eq!((until, over), (Some(Reason::Manual), None));
    assert_eq!((swept, again), (1, 0));
    assert_eq!(world.stopped(2, end).await, Some(Reason::Manual));
}

pub(super) async fn an_entry_is_of_one_tenant_and_one_channel(world: &World) {
    world.suppress(&entry(1), NOW).await;
    let elsewhere = TenantId::from_uuid(uuid::Uuid::from_u128(1));
    let by_text = SuppressedAddress { channel: Channel::Sms, ..address(1) };
    let stopped =
        async |tenant_id, address| world.store.stopped_by(tenant_id, &address, REMINDER, NOW).await.unwrap();

    assert_eq!(stopped(elsewhere, address(1)).await, None);
    assert_eq!(stopped(tenant(), by_text).await, None);
    let foreign = scope_of(elsewhere, rights("identity"));
    let removed = world.store.remove_suppressions(&foreign, address(1), world.asked(2), NOW).await.unwrap();
    assert_eq!(removed, SuppressionOutcome::NotFound);
    assert_eq!(stopped(tenant(), address(1)).await, Some(Reason::Manual));
}

pub(super) async fn a_change_of_the_list_repeated_says_the_same_and_does_nothing(world: &World) {
    let (create, remove) = (world.asked(1), world.asked(2));

    let first = world.store.create_suppression(&entry(1), create, NOW).await.unwrap();
    let second =
        world.store.create_suppression(&entry(1), create, NOW.plus(Duration::from_secs(1))).await.unwrap();
    let other = SuppressionRequest { content: NotificationId::from_uuid(uuid::Uuid::from_u128(9)), ..create };
    let reused = world.store.create_suppression(&entry(1), other, NOW).await.unwrap();
    let removed = world.store.remove_suppressions(&scope(), address(1), remove, NOW).await.unwrap();
    let again = world.store.remove_suppressions(&scope(), address(1), remove, NOW).await.unwrap();

    assert_eq!(first, second);
    assert_eq!(reused, SuppressionOutcome::RequestIdReused);
    assert_eq!(
        (removed, again),
        (SuppressionOutcome::Made(Vec::new()), SuppressionOutcome::Made(Vec::new()))
    );
}

pub(super) async fn a_repeated_request_is_answered_although_its_entry_is_over(world: &World) {
    let end = NOW.plus(Duration::from_secs(60));
    let (timed, request) = (Entry { expires_at: Some(end), ..entry(1) }, world.asked(1));
    world.store.create_suppression(&timed, request, NOW).await.unwrap();

    let repeated = world.store.create_suppression(&timed, request, end).await.unwrap();

    assert_eq!(repeated, SuppressionOutcome::Made(Vec::new()));
}

pub(super) async fn an_entry_that_would_be_over_is_refused_and_uses_up_no_request_id(world: &World) {
    let request = world.asked(1);
    let over = Entry { expires_at: Some(NOW), ..entry(1) };

    let refused = world.store.create_suppression(&over, request, NOW).await.unwrap();
    let made = world.store.create_suppression(&entry(1), request, NOW).await.unwrap();

    assert_eq!(refused, SuppressionOutcome::AlreadyOver);
    assert!(matches!(made, SuppressionOutcome::Made(entries) if entries.len() == 1));
}

pub(super) async fn a_request_id_of_a_message_changes_no_entry(world: &World) {
    let message = world.accepted(NOW).await;
    let request =
        SuppressionRequest { request_id: message.request_id, content: message.id, ..world.asked(1) };

    let refused = world.store.create_suppression(&entry(1), request, NOW).await.unwrap();

    assert_eq!(refused, SuppressionOutcome::RequestIdReused);
    assert_eq!(world.stopped(1, NOW).await, None);
}

pub(super) async fn an_address_without_an_entry_is_not_found(world: &World) {
    let request = world.asked(1);

    let removed = world.store.remove_suppressions(&scope(), address(1), request, NOW).await.unwrap();
    let entries = world.store.suppressions_of(&scope(), &address(1), NOW).await.unwrap();

    assert_eq!((removed, entries), (SuppressionOutcome::NotFound, Vec::new()));
    // A refused request does not use up its id.
    let made = world.store.create_suppression(&entry(1), request, NOW).await.unwrap();
    assert!(matches!(made, SuppressionOutcome::Made(_)));
}

pub(super) async fn a_list_of_entries_goes_from_page_to_page_without_gap_or_repetition(world: &World) {
    for number in 1..=5 {
        // Two of them at the same instant.
        world.suppress(&entry(number), NOW.minus(Duration::from_secs(u64::from(number / 2)))).await;
    }
    let filter = SuppressionFilter::default();

    let (first, next) = world.page(filter, None).await;
    let (second, after) = world.page(filter, next).await;
    let (third, last) = world.page(filter, after).await;

    assert_eq!((first, second, third), (2, 2, 1));
    let hashes = (next.unwrap().address_hash, after.unwrap().address_hash, last);
    assert_eq!(hashes, ([3; 32], [5; 32], None));
}

pub(super) async fn a_list_of_entries_shows_what_the_filter_lets_through(world: &World) {
    world.suppress(&entry(1), NOW).await;
    world
        .suppress(&Entry { reason: Reason::Complaint, stream: Stream::Of(Lane::Bulk), ..entry(1) }, NOW)
        .await;
    world.suppress(&Entry { channel: Channel::Sms, ..entry(2) }, NOW).await;
    let by = |channel, reason| SuppressionFilter { channel, reason };

    let mails = world.page(by(Some(Channel::Email), None), None).await.0;
    let complaints = world.page(by(None, Some(Reason::Complaint)), None).await.0;
    let none = world.page(by(Some(Channel::Sms), Some(Reason::Complaint)), None).await.0;

    assert_eq!((mails, complaints, none), (2, 1, 0));
}
