//! One suite for every store: what its methods promise, races included.
//!
//! A case takes a [`World`] and knows no driver. The list at the end makes one test per case and store.

mod accounts;
mod administrators;
mod attempts;
mod audit;
mod beginning;
mod bulk_resets;
pub(super) mod chain;
mod changes;
pub(super) mod deletion;
pub(super) mod erasures;
mod expiry;
mod groups;
mod held_codes;
mod help;
mod imports;
mod links;
mod lockouts;
mod outbox;
mod passkeys;
mod passwords;
mod pepper;
mod plans;
mod policies;
mod races;
mod resets;
mod search;
mod sessions;
mod sharding;
mod shares;
mod steps;
pub(super) mod tenants;
mod upkeep;
mod verifications;
mod webhooks;
mod world;

pub(super) use world::World;

macro_rules! on_every_store {
    ($($room:ident: $($case:ident),+ $(,)?;)+) => {
        mod on_sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    super::$room::$case(super::World::sqlite().await).await;
                }
            )+)+
        }

        mod on_postgres {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    super::$room::$case(super::World::postgres().await).await;
                }
            )+)+
        }
    };
}

/// The same through a PgBouncer in transaction mode.
macro_rules! through_pgbouncer {
    ($($room:ident: $($case:ident),+ $(,)?;)+) => {
        mod on_pgbouncer {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    super::$room::$case(super::World::pgbouncer().await).await;
                }
            )+)+
        }
    };
}

// A share of the list below: every kind of statement and step, and what races.
through_pgbouncer! {
    accounts:
        tenants_are_listed_in_pages,
        a_repeated_request_makes_one_tenant;
    groups:
        members_come_and_go_and_count_for_resets;
    deletion:
        of_many_replicas_that_purge_each_account_has_one;
    erasures:
        an_account_is_erased_from_the_log_and_the_chain_holds;
    imports:
        imported_accounts_are_as_created_ones_are,
        of_many_equal_chunks_at_once_one_is_taken;
    tenants:
        a_purged_tenant_is_gone_whole_and_no_other;
    search:
        every_account_of_a_prefix_is_found_once_in_pages_of_any_size,
        accounts_are_found_in_a_group_through_any_nesting,
        accounts_are_counted;
    sessions:
        a_login_is_read_with_tenant_and_policy,
        a_refresh_token_is_used_once,
        a_question_is_answered_once;
    policies:
        of_many_changes_of_a_policy_at_once_one_is_made;
    held_codes:
        of_many_who_show_one_code_one_passes;
    resets:
        a_reset_does_everything_at_once,
        a_stale_reset_writes_nothing;
    bulk_resets:
        of_many_processes_one_holds_a_job_and_each_account_is_reset_once;
    expiry:
        passwords_are_found_by_the_span_they_fall_into;
    outbox:
        a_claimed_notice_is_nobody_elses_until_the_lease_ends;
    audit:
        an_event_that_commits_late_is_sealed_behind_the_others,
        many_sealers_at_once_seal_each_event_once,
        events_are_listed_by_what_is_asked,
        resets_are_counted_by_step_outcome_and_period;
    webhooks:
        of_many_workers_at_once_one_claims_a_webhook;
    upkeep:
        a_migrated_store_fits_and_answers,
        events_are_forgotten_when_their_tenants_policy_lets_them_go,
        the_sweep_takes_what_is_over_and_nothing_else;
    races:
        of_many_resets_at_once_one_wins,
        equal_requests_at_once_get_one_answer,
        a_sign_in_that_races_a_reset_leaves_nothing,
        parallel_passwords_are_admitted_up_to_the_threshold,
        of_many_answers_to_a_question_one_opens_a_session,
        one_refresh_rotates_and_the_others_repeat_it,
        parallel_relays_claim_different_notices,
        the_chain_holds_under_parallel_appends;
}

/// The same as a role that owns its database and is no superuser, migrations among it.
macro_rules! as_a_plain_role {
    ($($room:ident: $($case:ident),+ $(,)?;)+) => {
        mod as_plain_role {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$room::$case(super::World::plain_role().await).await;
                }
            )+)+
        }
    };
}

// What makes and drops tables, and a step of each kind; each migrates a database from its beginning.
as_a_plain_role! {
    tenants:
        a_purged_tenant_is_gone_whole_and_no_other;
    erasures:
        an_account_is_erased_from_the_log_and_the_chain_holds;
    search:
        accounts_are_found_in_a_group_through_any_nesting;
    resets:
        a_reset_does_everything_at_once;
    upkeep:
        a_migrated_store_fits_and_answers,
        events_are_forgotten_when_their_tenants_policy_lets_them_go,
        the_sweep_takes_what_is_over_and_nothing_else;
}

/// The same with a replica, which answers whatever is no step.
macro_rules! through_a_replica {
    ($($room:ident: $($case:ident),+ $(,)?;)+) => {
        mod on_replica {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$room::$case(super::World::replicated().await).await;
                }
            )+)+
        }
    };
}

// Lists of each kind; a server of its own and a copy of it cost seconds.
through_a_replica! {
    accounts:
        tenants_are_listed_in_pages,
        accounts_are_listed_in_pages;
    search:
        every_account_of_a_prefix_is_found_once_in_pages_of_any_size,
        accounts_are_counted;
    audit:
        events_are_listed_newest_first_and_by_the_page;
}

on_every_store! {
    shares:
        a_table_stands_until_its_time_and_the_first_one_does;
    accounts:
        a_tenant_is_found_by_each_of_its_names,
        a_taken_name_makes_no_tenant,
        tenants_are_listed_in_pages,
        an_account_is_read_back_whole,
        a_taken_name_makes_no_account,
        an_account_of_another_tenant_is_nobody,
        accounts_are_listed_in_pages,
        a_row_that_does_not_read_takes_no_page_with_it,
        an_entry_that_does_not_read_takes_no_account_with_it,
        what_was_stored_is_read_back_as_it_is,
        logins_of_earlier_rules_are_renamed_to_todays,
        a_repeated_request_gets_its_first_answer,
        a_repeated_request_makes_one_tenant;
    beginning:
        of_many_who_begin_at_once_one_does,
        a_tenant_that_an_earlier_release_left_alone_gets_its_account_once;
    pepper:
        what_a_key_seals_is_counted_over_all_tenants;
    passkeys:
        a_passkey_is_read_back_whole_and_finds_its_account,
        a_passkey_is_one_accounts,
        a_removed_passkey_is_nobodys_and_may_come_back,
        what_a_passkey_signed_is_taken_once_and_its_counter_rises,
        a_passkey_without_a_counter_signs_again_and_again,
        of_many_who_show_what_was_signed_one_passes,
        a_session_opens_by_passkey_whatever_the_password,
        a_passkey_is_called_by_another_name;
    groups:
        a_group_is_created_found_listed_and_renamed,
        members_come_and_go_and_count_for_resets,
        a_change_of_members_is_made_whole_or_not_at_all,
        groups_close_no_circle_and_nest_as_deep_as_they_are_followed,
        the_groups_of_an_account_are_listed_once_through_any_nesting,
        a_deleted_group_leaves_its_members_and_its_places,
        a_group_that_the_policy_names_stays;
    deletion:
        an_edit_is_written_whole_and_its_names_move,
        a_taken_name_leaves_an_edit_unwritten,
        of_two_who_want_one_login_one_gets_it,
        a_deleted_account_keeps_its_names_and_comes_back,
        the_last_global_administrator_is_not_deleted,
        a_purged_account_leaves_its_log_and_one_event,
        of_many_replicas_that_purge_each_account_has_one,
        what_is_much_of_an_account_goes_in_portions,
        due_accounts_are_found_in_pages_the_longest_gone_first,
        every_table_with_an_account_is_purged;
    erasures:
        an_erased_account_is_lost_at_once_and_named_by_its_hash,
        a_deleted_account_is_erased_and_not_brought_back_meanwhile,
        an_account_is_erased_from_the_log_and_the_chain_holds,
        a_walk_that_was_cut_off_is_begun_anew,
        whatever_else_names_an_erased_account_has_its_hash,
        what_is_touched_after_an_erasure_is_named,
        an_erasure_that_nobody_made_is_named,
        events_of_earlier_releases_hold_and_keep_their_ids;
    imports:
        imported_accounts_are_as_created_ones_are,
        a_chunk_is_taken_once_and_in_its_turn,
        names_that_others_have_take_no_record_but_their_own,
        a_dry_run_creates_nobody,
        an_import_ends_once_and_takes_no_more,
        a_tenant_has_so_many_open_imports_and_no_more,
        an_import_is_forgotten_90_days_after_its_last_change,
        of_many_equal_chunks_at_once_one_is_taken,
        a_name_that_is_taken_meanwhile_is_rejected_and_not_half_written;
    tenants:
        a_tenant_is_edited_whole_or_not_at_all,
        a_deleted_tenant_lets_nobody_in_until_it_is_back,
        a_purged_tenant_is_gone_whole_and_no_other,
        a_tenant_whose_purge_began_does_not_come_back,
        who_is_at_home_elsewhere_is_known,
        every_table_with_a_tenant_is_purged;
    search:
        accounts_are_found_by_what_begins_alike,
        every_account_of_a_prefix_is_found_once_in_pages_of_any_size,
        accounts_are_found_by_what_they_are,
        accounts_are_found_by_their_last_sign_in,
        accounts_are_found_in_a_group_through_any_nesting,
        accounts_are_counted,
        names_of_earlier_releases_are_filled_in;
    changes:
        a_change_under_an_old_version_is_stale,
        every_change_but_three_raises_the_recovery_version,
        a_confirmed_entry_is_free_of_its_past,
        a_removed_address_is_remembered,
        a_repeated_change_is_made_once,
        blocking_ends_every_session,
        the_last_global_administrator_stays;
    lockouts:
        wrong_passwords_lock_and_are_told,
        what_is_being_judged_locks_nothing,
        a_rejection_counts_once_however_often_it_is_repeated,
        a_familiar_place_has_a_record_of_its_own,
        a_sign_in_clears_what_its_login_and_place_had_against_them,
        an_unlock_clears_every_record_of_the_login,
        a_counted_try_binds_its_request,
        a_locked_login_is_answered_where_it_is_found_locked;
    sessions:
        a_login_is_read_with_tenant_and_policy,
        a_session_opens_only_on_what_was_judged,
        a_rehash_is_written_with_the_session,
        a_refresh_token_is_used_once,
        a_spent_token_ends_the_family,
        a_token_replaced_twice_within_seconds_is_repeated,
        a_request_to_refresh_is_bound_to_its_token,
        sessions_are_listed_newest_first_and_by_the_page,
        only_live_sessions_of_the_account_end,
        an_administrator_ends_sessions_from_outside,
        an_administrator_judged_on_an_earlier_account_ends_nothing,
        a_dead_session_ends_nothing,
        a_question_is_answered_once,
        an_answer_is_kept_until_it_expires;
    passwords:
        a_changed_password_keeps_and_opens_a_session,
        history_keeps_as_many_as_asked;
    policies:
        a_revision_follows_the_one_it_was_made_on,
        a_revision_over_a_group_that_went_is_not_made,
        revisions_are_listed_newest_first_and_by_the_page,
        a_logo_is_stored_with_its_revision_and_stays,
        of_many_changes_of_a_policy_at_once_one_is_made,
        accounts_are_walked_with_their_groups_a_page_at_a_time,
        seats_are_counted_once_for_all_accounts;
    attempts:
        a_try_counts_once_and_only_while_a_code_is_live,
        too_many_tries_stop_a_method_until_it_is_passed,
        strangers_leave_the_tries_of_familiar_places_alone,
        attempts_are_numbered,
        a_repeated_attempt_counts_once;
    held_codes:
        a_step_is_taken_once_and_none_before_it,
        a_key_is_sealed_anew_with_the_step_that_is_taken,
        of_many_who_show_one_code_one_passes,
        a_new_list_takes_the_place_of_the_old_one,
        a_session_opens_only_with_a_code_that_is_not_spent,
        a_held_code_is_counted_though_none_was_sent;
    resets:
        a_reset_does_everything_at_once,
        a_stale_reset_writes_nothing,
        a_repudiated_reset_freezes_the_account,
        groups_are_walked_through_any_nesting,
        seats_go_to_the_oldest_accounts;
    administrators:
        an_administrators_reset_does_everything_at_once,
        a_reset_judged_on_an_earlier_account_writes_nothing,
        a_required_change_leaves_the_hash,
        a_voided_password_keeps_its_row_and_serves_for_nothing,
        a_one_time_pass_is_spent_by_one_sign_in,
        a_pass_serves_its_account_in_its_epoch_and_time,
        of_many_moves_of_a_help_request_at_once_one_is_made,
        help_requests_are_listed_by_state_and_page,
        overdue_help_requests_are_found;
    bulk_resets:
        a_tenant_has_one_job_at_a_time,
        a_list_takes_each_account_once_and_its_chunks_in_order,
        a_filter_is_walked_into_a_job_in_portions,
        an_account_of_a_job_is_reset_once_with_its_result,
        what_a_dead_process_held_goes_on_behind_its_last_result,
        a_cancelled_job_resets_nobody_more,
        a_job_is_ended_by_who_holds_it_alone,
        a_forgotten_job_goes_with_its_accounts,
        of_many_processes_one_holds_a_job_and_each_account_is_reset_once,
        an_account_that_changed_is_judged_anew,
        a_job_waits_while_its_tenant_is_deleted;
    help:
        a_proved_request_replaces_an_unproved_one,
        a_repeated_help_request_files_nothing_again,
        a_request_of_nobody_leaves_only_its_event,
        an_expired_request_makes_room,
        requests_are_digested_once;
    expiry:
        passwords_are_found_by_the_span_they_fall_into,
        whose_password_does_not_expire_is_not_found,
        accounts_are_looked_at_in_pages,
        a_notice_is_told_once_for_each_password,
        a_notice_about_what_is_no_more_is_not_told,
        an_old_mark_is_swept,
        passwords_are_listed_by_when_they_expire,
        the_clock_starts_when_an_exemption_ends;
    links:
        a_link_is_written_on_both_sides_once,
        a_new_link_takes_the_place_of_both_sides_earlier_ones,
        an_account_in_another_epoch_is_not_linked,
        an_account_has_so_many_links_and_no_more,
        a_link_ends_on_both_sides,
        links_from_both_sides_at_once_leave_one;
    outbox:
        a_claimed_notice_is_nobody_elses_until_the_lease_ends,
        an_old_fence_settles_nothing,
        a_late_notice_is_dropped;
    audit:
        events_are_chained_in_order,
        an_event_is_appended_once,
        a_changed_row_is_named,
        a_deleted_row_is_named_wherever_it_was,
        reordered_rows_are_named,
        an_event_that_is_sealed_already_is_sealed_once,
        an_event_that_commits_late_is_sealed_behind_the_others,
        many_sealers_at_once_seal_each_event_once,
        events_are_listed_by_what_is_asked,
        events_are_listed_newest_first_and_by_the_page,
        resets_are_counted_by_step_outcome_and_period,
        a_refused_step_leaves_no_event;
    webhooks:
        a_webhook_is_created_found_listed_and_deleted,
        a_webhook_begins_where_it_is_told,
        a_webhook_is_changed_on_its_version_and_as_a_whole,
        a_webhook_with_nothing_to_send_is_left_alone,
        a_claimed_webhook_is_nobody_elses_until_its_lease_ends,
        a_position_never_goes_back,
        a_webhook_that_fails_waits_and_ends_with_an_event,
        a_secret_before_signs_as_well_for_as_long_as_it_is_told,
        of_many_workers_at_once_one_claims_a_webhook,
        nothing_of_a_deleted_tenant_is_sent_and_none_is_created;
    verifications:
        an_entry_has_one_verification_until_its_code_dies,
        of_many_codes_of_an_entry_at_once_one_verification_stands,
        the_first_decoy_send_of_a_number_stands,
        the_last_code_of_a_reset_is_known_until_its_end;
    upkeep:
        a_migrated_store_fits_and_answers,
        events_are_forgotten_when_their_tenants_policy_lets_them_go,
        one_sweep_takes_a_thousand_rows_at_most,
        the_sweep_takes_what_is_over_and_nothing_else,
        a_place_is_familiar_for_90_days_from_its_last_sign_in,
        tries_at_a_familiar_place_outlive_their_code;
    races:
        of_many_resets_at_once_one_wins,
        equal_requests_at_once_get_one_answer,
        a_sign_in_that_races_a_reset_leaves_nothing,
        parallel_passwords_are_admitted_up_to_the_threshold,
        parallel_wrong_passwords_lock_once,
        of_equal_sign_ins_at_once_one_try_counts,
        of_many_answers_to_a_question_one_opens_a_session,
        of_many_tellers_of_expiry_one_tells,
        two_global_administrators_cannot_both_go,
        one_refresh_rotates_and_the_others_repeat_it,
        parallel_tries_are_each_counted,
        of_parallel_repudiations_one_counts,
        parallel_attempts_get_different_numbers,
        an_account_gets_one_pending_help_request,
        parallel_relays_claim_different_notices,
        the_chain_holds_under_parallel_appends;
}
