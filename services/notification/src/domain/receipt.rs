//! Delivery receipts: what a mail system or a gateway says of a message after it was taken over, and what follows.
//!
//! A receipt only moves forward: delayed, delivered, failed, complained about. Whoever says that a message did not arrive
//! is believed over whoever said that it did, because a forwarding host takes a mail and fails later; a complaint stands
//! above both, because nobody complains of what did not come. What was heard before, or stands lower, changes nothing, so
//! reports may come twice and in any order.

use std::time::Duration;

use super::destination::Channel;
use rekey_primitives::clock::Timestamp;

use super::lane::Lane;
use super::suppression::{Reason, Stream};

/// What became of a message that was handed over. The numbers are those of the contract and of the stores, and their order
/// is the one in which receipts move.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::FromRepr,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
#[repr(i16)]
pub(crate) enum ReceiptState {
    /// It is on its way for longer than usual, and still tried.
    Delayed = 1,
    /// It reached the mailbox or the phone.
    Delivered = 2,
    /// It was given up.
    Failed = 3,
    /// The recipient called it unwanted.
    Complained = 4,
}

impl ReceiptState {
    /// The number in the stores, which `from_repr` reads.
    pub(crate) const fn number(self) -> i16 {
        self as i16
    }

    /// The word in metrics and logs.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The code that a report gives as its reason: an enhanced status code (RFC 3463) or a gateway's number. Digits and dots,
/// nothing that the other side wrote in words: those quote addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ReceiptDetail(String);

/// The longest code: three numbers of three digits and their dots, or a gateway's number.
const DETAIL_CHARACTERS: usize = 11;

impl ReceiptDetail {
    /// Reads an enhanced status code at the beginning of a text, such as `5.1.1 (no such user)`.
    pub(crate) fn of_status(text: &str) -> Option<Self> {
        let code = text.split_whitespace().next()?;
        let numbers: Vec<&str> = code.split('.').collect();
        let is_number =
            |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        let reads =
            numbers.len() == 3 && numbers.iter().all(is_number) && matches!(numbers[0], "2" | "4" | "5");
        reads.then(|| Self(code.to_owned()))
    }

    /// Reads a gateway's error number, such as `30003`.
    pub(crate) fn of_gateway(text: &str) -> Option<Self> {
        let fits =
            (1..=DETAIL_CHARACTERS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| Self(text.to_owned()))
    }

    /// Takes what a store kept; what cannot have been written there reads as no code.
    pub(crate) fn from_stored(text: String) -> Self {
        let fits =
            text.len() <= DETAIL_CHARACTERS && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if fits { Self(text) } else { Self::default() }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What somebody reports of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) state: ReceiptState,
    pub(crate) detail: ReceiptDetail,
}

/// What is known of a message since it was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) state: ReceiptState,
    pub(crate) detail: ReceiptDetail,
    /// When it was heard.
    pub(crate) at: Timestamp,
}

/// Whose fault a failure is, as far as its code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum ReceiptClass {
    /// Nothing failed.
    None,
    /// There is no such mailbox or phone.
    Address,
    /// The recipient asked not to get messages of ours.
    Unsubscribed,
    /// We are refused: reputation, content filter, authentication. Nobody's address is wrong.
    Policy,
    /// A passing condition that lasted too long, such as a full mailbox or a phone that is off.
    Transient,
    /// The code says nothing that we know.
    Unknown,
}

impl ReceiptClass {
    /// The word in metrics.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Report {
    /// Whose fault it is.
    pub(crate) fn class(&self, channel: Channel) -> ReceiptClass {
        match (self.state, channel) {
            (ReceiptState::Delivered | ReceiptState::Complained, _) => ReceiptClass::None,
            (ReceiptState::Delayed, _) => ReceiptClass::Transient,
            (ReceiptState::Failed, Channel::Email) => class_of_status(self.detail.as_str()),
            (ReceiptState::Failed, Channel::Sms) => class_of_gateway(self.detail.as_str()),
            // Nobody reports of a request that was answered.
            (ReceiptState::Failed, Channel::Webhook) => ReceiptClass::Unknown,
        }
    }

    /// What a report means for later messages to the same address. Most mean nothing: only what says that an address does
    /// not exist, that somebody wants nothing more, or that a message of a kind that can be unwanted was.
    pub(crate) fn suppresses(
        &self,
        channel: Channel,
        lane: Lane,
        lives: SuppressionLives,
    ) -> Option<NewSuppression> {
        let (stream, reason, life) = match (self.state, self.class(channel), lane) {
            (ReceiptState::Failed, ReceiptClass::Address, _) => {
                (Stream::All, Reason::HardBounce, Some(lives.bounce))
            }
            (ReceiptState::Failed, ReceiptClass::Unsubscribed, _) => {
                (Stream::All, Reason::Unsubscribed, None)
            }
            // A code was asked for by whoever holds the mailbox or by a stranger: either way the next one may be needed.
            (ReceiptState::Complained, _, Lane::Critical) => return None,
            (ReceiptState::Complained, _, lane) => {
                (Stream::Of(lane), Reason::Complaint, Some(lives.complaint))
            }
            _ => return None,
        };
        Some(NewSuppression { stream, reason, life })
    }
}

/// How long what follows from receipts lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SuppressionLives {
    /// Of an address that does not exist.
    pub(crate) bounce: Duration,
    /// Of a complaint.
    pub(crate) complaint: Duration,
}

/// What a report has written down against an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NewSuppression {
    pub(crate) stream: Stream,
    pub(crate) reason: Reason,
    /// How long it lasts; none means until it is taken back.
    pub(crate) life: Option<Duration>,
}

/// RFC 3463, 3.2 to 3.8. Only codes that say that the mailbox or its domain does not exist, or takes no mail (5.1.10 is
/// RFC 7505), are about the address: 5.1.7 and 5.1.8 are about our own, and 5.2 about a mailbox that is there.
fn class_of_status(code: &str) -> ReceiptClass {
    match code {
        "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10" => ReceiptClass::Address,
        _ if code.starts_with("5.7.") || code.starts_with("4.7.") => ReceiptClass::Policy,
        "5.2.2" | "5.2.1" | "5.4.7" => ReceiptClass::Transient,
        _ if code.starts_with("4.") => ReceiptClass::Transient,
        _ => ReceiptClass::Unknown,
    }
}

/// The numbers are Twilio's, which gateways like it have taken over.
fn class_of_gateway(code: &str) -> ReceiptClass {
    match code {
        // Unknown handset, and a landline.
        "30005" | "30006" => ReceiptClass::Address,
        "21610" => ReceiptClass::Unsubscribed,
        // Blocked, filtered, a violation of the carrier's rules, a number that is not registered.
        "30004" | "30007" | "30034" => ReceiptClass::Policy,
        // The queue ran over, the phone is unreachable, the validity ended.
        "30001" | "30003" | "30036" => ReceiptClass::Transient,
        _ => ReceiptClass::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    const LIVES: SuppressionLives = SuppressionLives {
        bounce: Duration::from_secs(7 * 86_400),
        complaint: Duration::from_secs(365 * 86_400),
    };

    fn failed(code: &str) -> Report {
        let detail = ReceiptDetail::of_status(code).or_else(|| ReceiptDetail::of_gateway(code));
        Report { state: ReceiptState::Failed, detail: detail.unwrap_or_default() }
    }

    fn suppressed(report: &Report, channel: Channel, lane: Lane) -> Option<(Stream, Reason)> {
        report.suppresses(channel, lane, LIVES).map(|new| (new.stream, new.reason))
    }

    #[test]
    fn states_read_back_their_numbers_and_move_in_that_order() {
        let all = ReceiptState::VARIANTS;

        assert!(all.iter().all(|state| ReceiptState::from_repr(state.number()) == Some(*state)));
        assert!(all.is_sorted());
        assert!(ReceiptState::Delivered < ReceiptState::Failed);
    }

    #[test]
    fn a_detail_holds_a_code_and_none_of_the_words_around_it() {
        let status = |text| ReceiptDetail::of_status(text).map(|detail| detail.as_str().to_owned());

        assert_eq!(status("5.1.1 (anna@example.com is gone)").as_deref(), Some("5.1.1"));
        assert_eq!(status(" 4.2.2").as_deref(), Some("4.2.2"));
        for wrong in ["", "anna@example.com", "5.1", "5.1.1.1", "3.1.1", "5.1.1234", "5..1", "5.a.1"] {
            assert_eq!(status(wrong), None, "{wrong}");
        }
        assert_eq!(ReceiptDetail::of_gateway("30003").unwrap().as_str(), "30003");
        assert_eq!(ReceiptDetail::of_gateway("30003; +15005550100"), None);
        assert_eq!(ReceiptDetail::from_stored("a word".to_owned()).as_str(), "");
    }

    #[test]
    fn an_address_that_does_not_exist_is_suppressed_for_a_while_in_every_stream() {
        for code in ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"] {
            let new = failed(code).suppresses(Channel::Email, Lane::Critical, LIVES);

            let expected =
                NewSuppression { stream: Stream::All, reason: Reason::HardBounce, life: Some(LIVES.bounce) };
            assert_eq!(new, Some(expected), "{code}");
        }
        let landline = suppressed(&failed("30006"), Channel::Sms, Lane::Bulk);
        assert_eq!(landline, Some((Stream::All, Reason::HardBounce)));
    }

    #[test]
    fn policy_passing_conditions_and_unknown_failures_suppress_nobody() {
        for code in
            ["5.7.1", "5.7.26", "4.7.1", "4.2.2", "5.2.2", "5.2.1", "5.1.7", "5.1.8", "5.0.0", "5.4.4", ""]
        {
            assert_eq!(suppressed(&failed(code), Channel::Email, Lane::Bulk), None, "{code}");
        }
        for code in ["30001", "30003", "30004", "30007", "30008", ""] {
            assert_eq!(suppressed(&failed(code), Channel::Sms, Lane::Bulk), None, "{code}");
        }
    }

    #[test]
    fn a_code_of_the_other_channel_says_nothing() {
        assert_eq!(failed("21610").class(Channel::Email), ReceiptClass::Unknown);
        assert_eq!(failed("5.1.1").class(Channel::Sms), ReceiptClass::Unknown);
    }

    #[test]
    fn who_unsubscribed_at_the_carrier_stays_so_until_it_is_taken_back() {
        let new = failed("21610").suppresses(Channel::Sms, Lane::Critical, LIVES);

        let expected = NewSuppression { stream: Stream::All, reason: Reason::Unsubscribed, life: None };
        assert_eq!(new, Some(expected));
    }

    #[test]
    fn a_complaint_reaches_no_further_than_its_stream_and_never_codes() {
        let complaint = Report { state: ReceiptState::Complained, detail: ReceiptDetail::default() };
        let of = |lane| suppressed(&complaint, Channel::Email, lane);

        assert_eq!(of(Lane::Critical), None);
        assert_eq!(of(Lane::Transactional), Some((Stream::Of(Lane::Transactional), Reason::Complaint)));
        assert_eq!(of(Lane::Bulk), Some((Stream::Of(Lane::Bulk), Reason::Complaint)));
    }

    #[test]
    fn what_arrived_or_is_late_suppresses_nobody_whatever_code_it_carries() {
        for state in [ReceiptState::Delayed, ReceiptState::Delivered] {
            let report = Report { state, ..failed("5.1.1") };

            assert_eq!(suppressed(&report, Channel::Email, Lane::Bulk), None);
        }
    }
}
