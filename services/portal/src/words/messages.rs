//! The pages of messages and of who carries them.

use super::words;

words! { MessageWords:
    title lead clear caption empty empty_page template to channel state accepted tries provider lane language reference support_code
    message_id wrong_support_code back
    state_queued state_sending state_delivered state_unknown state_expired state_cancelled state_dead state_suppressed
    lane_critical lane_transactional lane_bulk lane_every channel_email channel_sms channel_webhook
    failure_address failure_provider failure_transient failure_content failure_answer_lost failure_refused
    receipt_delayed receipt_delivered receipt_failed receipt_complained
    message_title journey tried fallbacks_used last_failed next_try next_fallback ends events_of_call
    cancel_title cancel_text cancel_button cancelled replay_title replay_text replay_button replayed
    providers_title providers_lead providers_empty provider_order provider_limit provider_unlimited lanes_caption lanes_empty
    breaker_closed breaker_open breaker_half_open since next_trial last_success taken faults last_failure reason
    suppressions_title suppressions_lead suppressions_empty suppressions_off address address_hint address_missing address_invalid
    address_not_listed address_taken_off until until_taken_off take_off_title take_off_lead take_off_button take_off_confirm_title take_off_confirm
    suppression_hard_bounce suppression_complaint suppression_unsubscribed suppression_manual
}
