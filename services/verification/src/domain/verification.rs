//! One verification: what a store holds of it, its state, and whether it may send again.
//!
//! Nothing here can tell the right code. The code is sealed, and its MAC is compared inside the one step that counts
//! the attempt.
//!
//! ```text
//! PENDING ─── right code ──────────► PASSED
//!    ├─────── last attempt wrong ──► EXHAUSTED
//!    ├─────── cancelled ───────────► CANCELLED
//!    └─────── life over ───────────► EXPIRED
//! ```

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;

use super::mac::Mac;
use super::names::{CallerName, Purpose, Subject};
use super::route::Withheld;
use super::scope::RunId;

/// A verification as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verification {
    /// A MAC of the request that started it: the same id with other content is refused.
    pub(crate) content: Mac,
    pub(crate) purpose: Purpose,
    pub(crate) subject: Subject,
    pub(crate) channel: Channel,
    /// Who may redeem its grant.
    pub(crate) audience: CallerName,
    /// A digest of what the grant is bound to.
    pub(crate) binding: [u8; 32],
    /// Whether failures are counted across verifications, because the caller keeps no count.
    pub(crate) counts_failures: bool,
    /// The run of the store that wrote the code.
    pub(crate) run_id: RunId,
    pub(crate) created_at: Timestamp,
    /// When the code expires.
    pub(crate) expires_at: Timestamp,
    pub(crate) resolution: Option<Resolution>,
    /// A resend never adds any.
    pub(crate) attempts_left: u32,
    /// Messages counted so far.
    pub(crate) sends: u32,
    /// The last of them that notification is known to have.
    pub(crate) acknowledged: u32,
    /// When the last one was counted.
    pub(crate) sent_at: Timestamp,
    /// None after the last message.
    pub(crate) next_send_at: Option<Timestamp>,
    /// Which destinations did not get the last message.
    pub(crate) withheld: Withheld,
    /// Where messages go, sealed.
    pub(crate) sealed_route: Vec<u8>,
    /// A MAC that says whether the rules against abuse count it, and whether it is spared. See
    /// [`Standings`](super::abuse::Standings).
    pub(crate) standing: Mac,
}

/// When a code expires and when the next message may go: the answer to starts and resends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodeTimes {
    pub(crate) expires_at: Timestamp,
    /// None after the last message.
    pub(crate) next_send_at: Option<Timestamp>,
}

/// How a verification was ended, other than by time or by wrong codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Resolution {
    /// The right code was given.
    Passed,
    /// Its caller cancelled it.
    Cancelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum VerificationState {
    Pending,
    /// The right code was given.
    Passed,
    /// All attempts were wrong.
    Exhausted,
    /// Its caller cancelled it.
    Cancelled,
    /// The code outlived its time.
    Expired,
}

impl Verification {
    /// Its state. With a code of an earlier run of the store it is pending: that code is void, but a message may still
    /// bring a new one with the attempts that are left.
    pub(crate) fn state(&self, now: Timestamp) -> VerificationState {
        match self.resolution {
            Some(Resolution::Passed) => VerificationState::Passed,
            Some(Resolution::Cancelled) => VerificationState::Cancelled,
            None if self.attempts_left == 0 => VerificationState::Exhausted,
            None if now.has_reached(self.expires_at) => VerificationState::Expired,
            None => VerificationState::Pending,
        }
    }

    /// Whether its code can still be right, in this run of the store.
    pub(crate) fn is_live(&self, run_id: &RunId, now: Timestamp) -> bool {
        self.state(now) == VerificationState::Pending && !self.is_void(run_id)
    }

    /// Whether its code belongs to an earlier run of the store.
    pub(crate) fn is_void(&self, run_id: &RunId) -> bool {
        self.run_id != *run_id
    }

    /// Whether the last message was counted and notification is not known to have it: it may be sent again, free of
    /// charge.
    pub(crate) fn has_unacknowledged_message(&self, run_id: &RunId) -> bool {
        self.acknowledged < self.sends && !self.is_void(run_id)
    }

    /// Until when the ladder has the next message wait, if it does. A wait that is longer than the rung it stands on was
    /// noted by a clock that was ahead, and is over.
    pub(crate) fn waits_until(&self, now: Timestamp) -> Option<Timestamp> {
        let next = self.next_send_at?;
        next.is_ahead(next.since(self.sent_at), now).then_some(next)
    }

    pub(crate) fn times(&self) -> CodeTimes {
        CodeTimes { expires_at: self.expires_at, next_send_at: self.next_send_at }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

    /// A verification that was started just now and whose message was accepted.
    pub(crate) fn fresh(now: Timestamp) -> Verification {
        Verification {
            content: Mac::new("k", &[1; 32]),
            purpose: Purpose::parse("sign_up").unwrap(),
            subject: Subject::parse("anna").unwrap(),
            channel: Channel::Email,
            audience: CallerName::parse("shop").unwrap(),
            binding: [2; 32],
            counts_failures: true,
            run_id: RunId::new("one"),
            created_at: now,
            expires_at: now.plus(Duration::from_secs(600)),
            resolution: None,
            attempts_left: 5,
            sends: 1,
            acknowledged: 1,
            sent_at: now,
            next_send_at: Some(now.plus(Duration::from_secs(30))),
            withheld: Withheld::default(),
            sealed_route: vec![3],
            standing: Mac::new("k", &[4; 32]),
        }
    }

    #[test]
    fn a_resolution_outweighs_time_and_attempts() {
        let ended =
            |resolution| Verification { resolution: Some(resolution), attempts_left: 0, ..fresh(NOW) };
        let later = NOW.plus(Duration::from_secs(3_600));

        assert_eq!(ended(Resolution::Passed).state(later), VerificationState::Passed);
        assert_eq!(ended(Resolution::Cancelled).state(later), VerificationState::Cancelled);
    }

    #[test]
    fn without_attempts_it_is_exhausted_and_after_its_life_expired() {
        let verification = fresh(NOW);
        let last = NOW.plus(Duration::from_micros(599_999_999));

        let exhausted = Verification { attempts_left: 0, ..fresh(NOW) };
        assert_eq!(exhausted.state(NOW), VerificationState::Exhausted);
        assert_eq!(verification.state(last), VerificationState::Pending);
        assert_eq!(verification.state(verification.expires_at), VerificationState::Expired);
    }

    #[test]
    fn a_code_of_another_run_of_the_store_is_void() {
        let verification = Verification { acknowledged: 0, ..fresh(NOW) };
        let (same, other) = (RunId::new("one"), RunId::new("two"));

        assert!(verification.is_live(&same, NOW) && verification.has_unacknowledged_message(&same));
        assert!(!verification.is_live(&other, NOW) && !verification.has_unacknowledged_message(&other));
    }

    #[test]
    fn a_wait_is_no_longer_than_its_rung_whatever_the_clock_was() {
        let ahead = fresh(NOW.plus(Duration::from_secs(86_400)));
        let next = NOW.plus(Duration::from_secs(30));

        assert_eq!(fresh(NOW).waits_until(NOW), Some(next));
        assert_eq!(fresh(NOW).waits_until(next), None);
        assert_eq!(ahead.waits_until(NOW), None);
        assert_eq!(Verification { next_send_at: None, ..fresh(NOW) }.waits_until(NOW), None);
    }

    #[test]
    fn names_read_back() {
        assert_eq!("exhausted".parse(), Ok(VerificationState::Exhausted));
        for resolution in [Resolution::Passed, Resolution::Cancelled] {
            assert_eq!(<&str>::from(resolution).parse(), Ok(resolution));
        }
    }
}
