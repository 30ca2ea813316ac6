//! The pages of the audit log.

use super::words;

words! { AuditWords:
    title lead clear caption empty empty_page column_time column_kind column_actor column_account details
    filter_from filter_to day_hint filter_kind kind_hint filter_outcome filter_account account_hint filter_actor filter_support_code
    wrong_day wrong_account wrong_kind wrong_support_code
    outcome_success outcome_refused outcome_failed
    actor_owner actor_stranger actor_service actor_rekey actor_erased
    subject_tenant subject_several subject_unknown_login subject_erased
    fact_caller fact_actor fact_account fact_login fact_address fact_destination fact_count fact_position fact_link fact_event
    same_account same_call messages_of_call
    verify verification_title verification_holds verification_empty verification_erased verification_rest verification_next
    break_missing break_changed break_moved break_inserted seal_lead seal_caption back_to_log
    funnel_title funnel_lead range_label range_day range_week range_four_weeks range_quarter show
    funnel_caption column_step column_share step_started step_code_sent step_proof_submitted step_completed step_repudiated
    course_title course_description course_most numbers_caption column_period
}
