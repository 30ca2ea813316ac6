//! Resets of many passwords.

use super::words;

words! { BulkWords:
    title lead none job title_dry_run title_reset state state_collecting state_running state_finished state_cancelled
    state_stopped mode mode_hint mode_link mode_require_change accounts account reset would_reset refused waiting
    started_by started_at ended_at new_title new_lead who who_choose who_filter who_list who_everybody who_missing any
    prefix prefix_hint prefix_invalid filter_empty group account_state
    role method unused_since
    unused_since_hint day_invalid list list_hint list_empty list_unreadable pace pace_hint pace_invalid start_dry_run
    another_runs progress collecting_says trying_says running_says share_says tried_says finished_says cancelled_says
    authority_lost_says abandoned_says restored_says stopped_says list_cut_off go_on_says go_on question_title question_link
    question_require_change reset_one reset_many cancel_link cancel_title cancel_says cancel_dry_run_says cancel
    cancel_dry_run results outcome why finished_at no_results no_results_here to_list
}
