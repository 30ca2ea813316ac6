//! One suite for every store: what the traits promise, races included.
//!
//! A case takes a [`World`] and knows no driver. The macro at the end makes one test per case and implementation.

mod deduplication;
mod delivery;
mod delivery_events;
mod doubt;
mod fallbacks;
mod intake;
mod journeys;
mod public_faults;
mod races;
mod receipts;
mod statements;
mod suppressions;
mod sweeping;
mod templates;
mod waiting;
mod watch;

use std::time::Duration;

use rekey_database::{Options, Sql};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::NotificationId;
use rekey_testing::Backing;

use super::{AcceptOutcome, ChangeRequest, Claim, NewNotification, Store, SweepLimits};
use crate::domain::lane::Lane;
use crate::domain::notification::Notification;
use crate::fixtures::{NOW, entropy, request_id, row, scope};

pub(super) const LEASE: Duration = Duration::from_secs(60);

/// A fresh store, and what keeps it alive.
pub(super) struct World {
    pub(super) store: Store,
    pub(super) entropy: SharedEntropy,
    _backing: Backing,
}

/// A busy machine is waited for.
pub(super) fn options(connections: u32) -> Options {
    let patience = Duration::from_secs(10);
    Options { connections, acquire_timeout: patience, busy_timeout: patience, ..Options::named("test") }
}

impl World {
    async fn sqlite() -> Self {
        let backing = Backing::sqlite();
        Store::migrate(backing.url(), &options(1), NOW).await.unwrap();
        Self::of(backing).await
    }

    async fn postgres() -> Self {
        let migrate = async |url: &str| Store::migrate(url, &options(1), NOW).await;
        Self::of(Backing::postgres_from_template("notification", migrate).await).await
    }

    /// A Postgres behind a PgBouncer in transaction mode.
    async fn pgbouncer() -> Self {
        let migrate = async |url: &str| Store::migrate(url, &options(1), NOW).await;
        let backing = Backing::pgbouncer_from_template("notification", migrate).await;
        Self::by(backing, &Options { transaction_pooling: true, ..options(8) }).await
    }

    /// A Postgres where we own our database and may nothing else.
    async fn plain_role() -> Self {
        let backing = Backing::postgres_of_plain_role().await;
        Store::migrate(backing.url(), &options(1), NOW).await.unwrap();
        Self::of(backing).await
    }

    async fn of(backing: Backing) -> Self {
        Self::by(backing, &options(8)).await
    }

    async fn by(backing: Backing, options: &Options) -> Self {
        let store = Store::open(backing.url(), options).await.unwrap();
        Self { store, entropy: entropy(), _backing: backing }
    }

    /// A message of that lane, not yet accepted.
    pub(super) fn message(&self, lane: Lane, now: Timestamp) -> NewNotification {
        row(self.entropy.as_ref(), lane, now)
    }

    /// Accepts messages that must all be new.
    pub(super) async fn accept(&self, messages: &[NewNotification], now: Timestamp) {
        let accepted = self.store.accept(&scope(), messages, now).await.unwrap();
        assert!(accepted.iter().all(|one| *one == AcceptOutcome::Accepted), "{accepted:?}");
    }

    /// One message of the critical lane, accepted.
    pub(super) async fn accepted(&self, now: Timestamp) -> NewNotification {
        let message = self.message(Lane::Critical, now);
        self.accept(std::slice::from_ref(&message), now).await;
        message
    }

    /// Claims on the critical lane.
    pub(super) async fn claim(&self, most: usize, now: Timestamp) -> Vec<Claim> {
        self.store.claim(Lane::Critical, most, LEASE, now).await.unwrap()
    }

    /// The one message that is due.
    pub(super) async fn claim_one(&self, now: Timestamp) -> Claim {
        let mut claims = self.claim(10, now).await;
        assert_eq!(claims.len(), 1);
        claims.remove(0)
    }

    pub(super) async fn sweep(&self, now: Timestamp) -> super::Swept {
        let limits = SweepLimits { history: Duration::from_secs(30 * 86_400), batch: 1_000 };
        self.store.sweep(limits, now).await.unwrap()
    }

    /// Puts back what leases that ended leave.
    pub(super) async fn put_back(&self, now: Timestamp) -> u64 {
        self.store.put_back(1_000, now, now).await.unwrap()
    }

    pub(super) async fn get(&self, id: NotificationId) -> Option<Notification> {
        self.store.get(&scope(), id).await.unwrap()
    }

    pub(super) fn change(&self, id: NotificationId) -> ChangeRequest {
        let request_expires_at = NOW.plus(Duration::from_secs(86_400));
        ChangeRequest { id, request_id: request_id(self.entropy.as_ref()), request_expires_at }
    }

    /// Whether nobody else can use the store.
    pub(super) fn is_for_one_process(&self) -> bool {
        !self.store.is_shared()
    }

    /// How many payloads lie in the table: the one thing that the store's own face does not tell.
    pub(super) async fn payloads(&self) -> i64 {
        const PAYLOADS: Sql = Sql::unlisted("select count(*) from notification where payload is not null");
        self.store.database.scalar(PAYLOADS, &[]).await.unwrap()
    }
}

macro_rules! contract {
    ($($room:ident: $($case:ident),+;)+) => {
        mod on_sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$room::$case(&super::World::sqlite().await).await;
                }
            )+)+
        }

        mod on_postgres {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$room::$case(&super::World::postgres().await).await;
                }
            )+)+
        }
    };
}

/// Cases through a PgBouncer in transaction mode: of every kind of statement and step, and all that races.
macro_rules! through_pgbouncer {
    ($($room:ident: $($case:ident),+;)+) => {
        mod on_pgbouncer {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$room::$case(&super::World::pgbouncer().await).await;
                }
            )+)+
        }
    };
}

through_pgbouncer! {
    intake:
        a_batch_accepts_what_is_new_and_shows_what_is_known,
        what_waits_is_counted_by_lane_and_no_further_than_asked;
    delivery:
        a_dead_workers_message_is_claimed_again_under_a_new_fence,
        an_old_hold_neither_renews_nor_hands_over,
        a_delivered_message_is_wiped_and_over,
        a_retry_waits_until_it_is_due;
    delivery_events:
        a_delivery_queues_its_event_in_the_name_of_its_sender;
    doubt:
        a_replay_ends_the_doubt;
    sweeping:
        old_journeys_are_purged,
        request_ids_are_forgotten_after_their_life;
    journeys:
        a_list_goes_from_page_to_page_without_gap_or_repetition,
        a_change_repeated_says_the_same_and_does_nothing,
        what_is_over_cannot_be_replayed;
    receipts:
        a_hard_bounce_shows_on_its_message_and_writes_its_address_down;
    suppressions:
        an_entry_stops_messages_until_it_is_taken_back,
        a_list_of_entries_goes_from_page_to_page_without_gap_or_repetition;
    races:
        no_two_claims_get_the_same_message,
        one_request_id_makes_one_message_however_many_ask,
        either_the_worker_or_the_withdrawal_wins,
        batches_that_share_request_ids_do_not_block_each_other;
    templates:
        a_text_that_is_set_is_in_force,
        the_last_room_for_a_locale_is_given_once_however_many_ask,
        of_changes_upon_one_version_one_is_made;
    deduplication:
        of_many_at_once_one_is_said;
    waiting:
        what_waits_for_a_provider_is_let_go_by_lane_and_age;
    watch:
        every_message_is_shown_once_where_its_last_change_stands;
}

/// What makes and drops partitions, as a role that owns its database and is no superuser.
mod as_plain_role {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_delivered_message_is_wiped_and_over() {
        super::delivery::a_delivered_message_is_wiped_and_over(&super::World::plain_role().await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn old_journeys_are_purged() {
        super::sweeping::old_journeys_are_purged(&super::World::plain_role().await).await;
    }
}

contract! {
    statements:
        both_databases_understand_every_statement;
    public_faults:
        a_heartbeat_that_comes_late_takes_nothing_back,
        a_hold_that_ended_is_no_hold_whoever_has_the_message_now;
    intake:
        an_accepted_message_is_queued_and_due_at_once,
        a_repeated_request_id_makes_no_second_message,
        a_batch_accepts_what_is_new_and_shows_what_is_known,
        a_request_id_is_free_again_after_its_life,
        a_request_id_belongs_to_its_tenant,
        a_request_id_is_looked_up_without_being_used,
        what_waits_is_counted_by_lane_and_no_further_than_asked;
    delivery:
        a_held_message_is_not_claimed_again,
        a_dead_workers_message_is_claimed_again_under_a_new_fence,
        an_old_hold_records_nothing,
        an_old_hold_neither_renews_nor_hands_over,
        what_is_past_its_not_after_is_not_handed_over,
        a_renewed_hold_is_not_put_back,
        only_one_process_alone_puts_back_what_is_held,
        a_delivered_message_is_wiped_and_over,
        a_retry_waits_until_it_is_due,
        the_longest_due_is_claimed_first,
        one_code_behind_thousands_of_bulk_mails_is_claimed_at_once,
        a_decoy_looks_like_a_message_wherever_it_stands;
    delivery_events:
        a_delivery_queues_its_event_in_the_name_of_its_sender,
        a_delivery_that_does_not_count_queues_nothing,
        a_delivery_in_doubt_queues_nothing,
        an_event_that_cannot_be_queued_leaves_its_message_undelivered;
    doubt:
        what_a_worker_died_handing_over_ends_as_unknown,
        what_a_worker_died_holding_ends_as_it_ends,
        a_try_that_failed_for_sure_leaves_no_doubt,
        a_later_failure_takes_no_doubt_away,
        doubt_outlives_not_after,
        what_may_have_gone_out_is_not_withdrawn,
        a_replay_ends_the_doubt;
    sweeping:
        what_is_past_its_not_after_is_expired_and_never_claimed,
        a_dead_payload_is_wiped_at_not_after,
        a_decoy_expires_like_a_message,
        request_ids_are_forgotten_after_their_life,
        old_journeys_are_purged,
        what_waits_in_a_restored_store_is_dropped_and_stays_so,
        a_sweep_of_nothing_does_nothing;
    journeys:
        a_tenant_sees_only_its_own,
        a_caller_sees_and_touches_only_what_it_sent,
        a_caller_sees_of_other_senders_what_its_entry_names,
        a_list_goes_from_page_to_page_without_gap_or_repetition,
        a_row_that_does_not_read_takes_no_page_with_it,
        a_list_shows_what_the_filter_lets_through,
        a_support_code_finds_its_messages,
        a_queued_message_is_withdrawn_once,
        what_a_worker_holds_cannot_be_withdrawn,
        a_change_repeated_says_the_same_and_does_nothing,
        a_request_id_of_something_else_changes_nothing,
        dead_and_unknown_messages_are_replayed,
        a_replayed_message_has_all_its_tries_again,
        what_is_over_cannot_be_replayed;
    receipts:
        a_hard_bounce_shows_on_its_message_and_writes_its_address_down,
        a_receipt_moves_forward_and_never_back,
        a_receipt_of_another_tenant_or_channel_or_of_a_decoy_finds_nothing,
        messages_of_a_millisecond_are_found_and_decoys_are_not_among_them,
        without_a_hash_of_its_address_nothing_is_written_down,
        what_was_written_down_for_good_is_not_shortened_by_a_receipt,
        what_somebody_wrote_down_for_longer_is_not_shortened_by_a_receipt,
        a_receipt_that_counts_for_good_outlasts_what_somebody_wrote_down,
        a_replayed_message_begins_without_a_receipt,
        decoys_get_their_receipts_when_messages_would,
        of_two_reports_at_once_the_worse_stays;
    suppressions:
        an_entry_stops_messages_until_it_is_taken_back,
        an_entry_that_is_over_counts_no_more_and_is_forgotten,
        an_entry_is_of_one_tenant_and_one_channel,
        a_change_of_the_list_repeated_says_the_same_and_does_nothing,
        a_repeated_request_is_answered_although_its_entry_is_over,
        an_entry_that_would_be_over_is_refused_and_uses_up_no_request_id,
        a_request_id_of_a_message_changes_no_entry,
        an_address_without_an_entry_is_not_found,
        a_list_of_entries_goes_from_page_to_page_without_gap_or_repetition,
        a_list_of_entries_shows_what_the_filter_lets_through;
    races:
        no_two_claims_get_the_same_message,
        one_request_id_makes_one_message_however_many_ask,
        either_the_worker_or_the_withdrawal_wins,
        batches_that_share_request_ids_do_not_block_each_other;
    templates:
        a_text_that_is_set_is_in_force,
        a_reset_and_a_rollback_are_versions,
        what_cannot_be_changed_says_why_and_makes_no_version,
        a_change_of_a_text_repeated_says_the_same_and_does_nothing,
        a_text_belongs_to_its_tenant_template_and_locale,
        versions_beyond_those_kept_are_forgotten,
        a_tenant_has_texts_for_so_many_locales,
        the_last_room_for_a_locale_is_given_once_however_many_ask,
        of_changes_upon_one_version_one_is_made,
        a_change_of_a_text_asked_for_by_many_is_made_once;
    fallbacks:
        a_message_moves_to_its_next_channel_and_is_due_at_once,
        what_was_delivered_and_did_not_arrive_takes_its_next_step,
        a_failure_heard_before_the_hand_over_is_recorded_takes_the_next_step,
        what_a_worker_died_handing_over_and_did_not_arrive_takes_its_next_step,
        what_may_have_gone_out_twice_and_did_not_arrive_takes_its_next_step,
        what_was_heard_of_a_channel_stays_behind_with_it,
        a_replayed_message_has_its_own_channel_before_its_next_step,
        a_replayed_message_without_a_step_gets_none,
        what_has_no_step_left_or_has_died_falls_back_nowhere;
    deduplication:
        the_same_notice_is_said_once_for_as_long_as_it_is_remembered,
        of_two_in_one_call_the_first_is_said,
        a_notice_that_was_withdrawn_is_said_again,
        a_notice_that_was_suppressed_is_said_again,
        of_many_at_once_one_is_said,
        what_was_said_is_forgotten_after_its_time;
    waiting:
        what_waits_for_a_provider_is_let_go_by_lane_and_age,
        what_waits_for_something_else_waits_on,
        a_message_that_failed_otherwise_since_waits_for_no_provider;
    watch:
        every_message_is_shown_once_where_its_last_change_stands,
        a_long_stretch_is_read_in_portions_without_gap_or_repetition,
        a_stream_shows_what_the_caller_may_see_and_asked_for;
}
