//! The words of the contract about messages, as words for people.

use rekey_wire::notification::v1::{
    BreakerState, Channel, FailureClass, Lane, NotificationState, ReceiptState, SuppressionReason,
};

use crate::view::Badge;
use crate::words::MessageWords;

/// States, as addresses have them.
pub(super) const STATES: [(&str, NotificationState); 8] = [
    ("queued", NotificationState::Queued),
    ("sending", NotificationState::Sending),
    ("delivered", NotificationState::Delivered),
    ("unknown", NotificationState::Unknown),
    ("expired", NotificationState::Expired),
    ("cancelled", NotificationState::Cancelled),
    ("dead", NotificationState::Dead),
    ("suppressed", NotificationState::Suppressed),
];

/// Lanes, as addresses have them.
pub(super) const LANES: [(&str, Lane); 3] =
    [("critical", Lane::Critical), ("transactional", Lane::Transactional), ("bulk", Lane::Bulk)];

/// The value that an address names; unspecified for any other word.
pub(super) fn read<V: Copy + Default>(values: &[(&str, V)], word: &str) -> V {
    values.iter().find(|(known, _)| *known == word).map(|(_, value)| *value).unwrap_or_default()
}

pub(super) fn state(words: &MessageWords, state: NotificationState) -> (Badge, &str) {
    match state {
        NotificationState::Queued => (Badge::Plain, &words.state_queued),
        NotificationState::Sending => (Badge::Plain, &words.state_sending),
        NotificationState::Delivered => (Badge::Good, &words.state_delivered),
        NotificationState::Unknown => (Badge::Warning, &words.state_unknown),
        NotificationState::Expired => (Badge::Warning, &words.state_expired),
        NotificationState::Cancelled => (Badge::Plain, &words.state_cancelled),
        NotificationState::Dead => (Badge::Bad, &words.state_dead),
        NotificationState::Suppressed => (Badge::Warning, &words.state_suppressed),
        NotificationState::Unspecified => (Badge::Plain, "?"),
    }
}

pub(super) fn lane(words: &MessageWords, lane: Lane) -> &str {
    match lane {
        Lane::Critical => &words.lane_critical,
        Lane::Transactional => &words.lane_transactional,
        Lane::Bulk => &words.lane_bulk,
        Lane::Unspecified => &words.lane_every,
    }
}

pub(super) fn channel(words: &MessageWords, channel: Channel) -> &str {
    match channel {
        Channel::Email => &words.channel_email,
        Channel::Sms => &words.channel_sms,
        Channel::Webhook => &words.channel_webhook,
        Channel::Unspecified => "?",
    }
}

/// Why a try failed; none where none did.
pub(super) fn failure(words: &MessageWords, class: FailureClass) -> Option<&str> {
    match class {
        FailureClass::Address => Some(&words.failure_address),
        FailureClass::Provider => Some(&words.failure_provider),
        FailureClass::Transient => Some(&words.failure_transient),
        FailureClass::Content => Some(&words.failure_content),
        FailureClass::AnswerLost => Some(&words.failure_answer_lost),
        FailureClass::Refused => Some(&words.failure_refused),
        FailureClass::Unspecified => None,
    }
}

/// What was heard after a message was handed over; none where nothing was.
pub(super) fn receipt(words: &MessageWords, state: ReceiptState) -> Option<(Badge, &str)> {
    match state {
        ReceiptState::Delayed => Some((Badge::Warning, &words.receipt_delayed)),
        ReceiptState::Delivered => Some((Badge::Good, &words.receipt_delivered)),
        ReceiptState::Failed => Some((Badge::Bad, &words.receipt_failed)),
        ReceiptState::Complained => Some((Badge::Bad, &words.receipt_complained)),
        ReceiptState::Unspecified => None,
    }
}

pub(super) fn breaker(words: &MessageWords, state: BreakerState) -> (Badge, &str) {
    match state {
        BreakerState::Closed => (Badge::Good, &words.breaker_closed),
        BreakerState::Open => (Badge::Bad, &words.breaker_open),
        BreakerState::HalfOpen => (Badge::Warning, &words.breaker_half_open),
        BreakerState::Unspecified => (Badge::Plain, "?"),
    }
}

pub(super) fn suppression(words: &MessageWords, reason: SuppressionReason) -> &str {
    match reason {
        SuppressionReason::HardBounce => &words.suppression_hard_bounce,
        SuppressionReason::Complaint => &words.suppression_complaint,
        SuppressionReason::Unsubscribed => &words.suppression_unsubscribed,
        SuppressionReason::Manual => &words.suppression_manual,
        SuppressionReason::Unspecified => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_state_or_asks_for_all() {
        assert_eq!(read(&STATES, "dead"), NotificationState::Dead);
        assert_eq!(read(&LANES, "bulk"), Lane::Bulk);
        assert_eq!(read(&STATES, ""), NotificationState::Unspecified);
        assert_eq!(read(&LANES, "express"), Lane::Unspecified);
    }
}
