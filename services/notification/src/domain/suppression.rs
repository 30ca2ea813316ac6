//! Suppression: addresses that get no message of a stream any more, and which messages go all the same.
//!
//! A stream is a lane or all of them. Notices about an account's security go to its addresses whatever their owner complained
//! about before, and so do codes: who takes an account over must not be able to silence its owner with one complaint. A
//! mailbox that does not exist is another matter: nobody reads there, and mail to it costs us the good name that codes need.

use super::destination::Channel;
use rekey_primitives::clock::Timestamp;

use super::lane::Lane;
use super::template::TemplateName;

/// A keyed hash of an address, of which its tenant and its channel are part.
pub(crate) type AddressHash = [u8; 32];

/// Which messages an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stream {
    /// All of them.
    All,
    /// Those of one lane.
    Of(Lane),
}

impl Stream {
    /// The number in the stores: a lane's own, or 0.
    pub(crate) const fn number(self) -> i16 {
        match self {
            Self::All => 0,
            Self::Of(lane) => lane.number(),
        }
    }

    /// Reads that number.
    pub(crate) fn from_number(number: i16) -> Option<Self> {
        if number == 0 { Some(Self::All) } else { Lane::from_repr(number).map(Self::Of) }
    }

    /// Whether a message of this lane belongs to it.
    pub(crate) fn holds(self, lane: Lane) -> bool {
        match self {
            Self::All => true,
            Self::Of(own) => own == lane,
        }
    }
}

/// Why an address is suppressed. The numbers are those of the contract and of the stores; they are never reused.
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
pub(crate) enum Reason {
    /// A receipt said that there is no such mailbox or phone.
    HardBounce = 1,
    /// Its owner called a message unwanted.
    Complaint = 2,
    /// Its owner asked for no more, such as by `STOP`.
    Unsubscribed = 3,
    /// Somebody with the right to it wrote it down.
    Manual = 4,
}

impl Reason {
    /// The number in the stores, which `from_repr` reads.
    pub(crate) const fn number(self) -> i16 {
        self as i16
    }

    /// The word in metrics and logs.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One entry, as its tenant may see it. The address itself is nowhere: it is found by a keyed hash, and shown as a mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suppression {
    pub(crate) channel: Channel,
    pub(crate) masked_destination: String,
    pub(crate) stream: Stream,
    pub(crate) reason: Reason,
    pub(crate) created_at: Timestamp,
    /// None means until it is taken back.
    pub(crate) expires_at: Option<Timestamp>,
}

/// A message that is about to be sent, as far as suppression looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) lane: Lane,
    /// None where a newer release took it in under a name that is not known here: then no complaint stops it.
    pub(crate) template: Option<TemplateName>,
}

/// Whether an entry stops a message.
pub(crate) fn stops(stream: Stream, reason: Reason, candidate: Candidate) -> bool {
    let spared = match reason {
        Reason::HardBounce | Reason::Unsubscribed | Reason::Manual => false,
        Reason::Complaint => {
            candidate.lane == Lane::Critical || candidate.template.is_none_or(is_about_security)
        }
    };
    stream.holds(candidate.lane) && !spared
}

/// Whether a message tells the owner of an account what was done to it, or is a code that lets them act. What is not known to
/// be anything else counts as that.
pub(crate) const fn is_about_security(template: TemplateName) -> bool {
    !matches!(
        template,
        TemplateName::HelpRequest
            | TemplateName::HelpRequestDigest
            | TemplateName::PasswordExpiryNotice
            | TemplateName::DeliveryTest
    )
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    fn message(lane: Lane, template: TemplateName) -> Candidate {
        Candidate { lane, template: Some(template) }
    }

    #[test]
    fn streams_and_reasons_read_back_their_numbers() {
        let streams = Lane::ALL.iter().map(|lane| Stream::Of(*lane)).chain([Stream::All]);

        for stream in streams {
            assert_eq!(Stream::from_number(stream.number()), Some(stream));
        }
        assert_eq!(Stream::from_number(9), None);
        assert!(Reason::VARIANTS.iter().all(|one| Reason::from_repr(one.number()) == Some(*one)));
    }

    #[test]
    fn an_entry_stops_the_messages_of_its_stream_and_no_others() {
        let reminder = |lane| message(lane, TemplateName::PasswordExpiryNotice);

        for &lane in Lane::ALL {
            assert!(stops(Stream::All, Reason::Manual, reminder(lane)));
            assert_eq!(stops(Stream::Of(Lane::Bulk), Reason::Complaint, reminder(lane)), lane == Lane::Bulk);
        }
    }

    #[test]
    fn a_complaint_silences_neither_codes_nor_notices_about_security() {
        let about_security = TemplateName::ALL.iter().filter(|template| is_about_security(**template));

        for &template in about_security {
            for &lane in Lane::ALL {
                let candidate = message(lane, template);
                assert!(!stops(Stream::All, Reason::Complaint, candidate), "{template:?} {lane:?}");
            }
        }
        let critical = message(Lane::Critical, TemplateName::HelpRequest);
        assert!(!stops(Stream::All, Reason::Complaint, critical));
    }

    #[test]
    fn a_complaint_silences_what_can_be_unwanted() {
        for template in [TemplateName::PasswordExpiryNotice, TemplateName::HelpRequestDigest] {
            assert!(stops(Stream::All, Reason::Complaint, message(Lane::Bulk, template)));
        }
    }

    #[test]
    fn a_message_that_is_not_known_here_counts_as_one_about_security() {
        let unknown = Candidate { lane: Lane::Bulk, template: None };

        assert!(!stops(Stream::All, Reason::Complaint, unknown));
        assert!(stops(Stream::All, Reason::HardBounce, unknown));
    }

    #[test]
    fn an_address_that_does_not_exist_gets_nothing_at_all() {
        for &template in TemplateName::ALL {
            for &lane in Lane::ALL {
                assert!(stops(Stream::All, Reason::HardBounce, message(lane, template)));
            }
        }
    }
}
