//! The domain's types as messages.

use prost_types::Timestamp as WireTimestamp;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;
use rekey_primitives::method::ProofClass;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_wire::verification::v1 as wire;

use crate::domain::grant::Grant;
use crate::domain::scope::Place;
use crate::domain::verification::{State, Times};
use crate::flows::check::Verdict;
use crate::flows::ending::Shown;
use crate::flows::start::Started;

pub(super) fn started(started: &Started) -> wire::StartVerificationResponse {
    wire::StartVerificationResponse {
        code_expire_time: Some(time(started.times.expires_at)),
        resend_after: started.times.next_send_at.map(time),
        sent: started.sent,
    }
}

pub(super) fn resent(times: &Times) -> wire::ResendCodeResponse {
    wire::ResendCodeResponse {
        code_expire_time: Some(time(times.expires_at)),
        resend_after: times.next_send_at.map(time),
    }
}

pub(super) fn checked(verdict: &Verdict) -> wire::CheckVerificationResponse {
    match verdict {
        Verdict::Passed(grant) => wire::CheckVerificationResponse {
            outcome: wire::CheckOutcome::Passed.into(),
            grant: grant.text.expose_secret().to_owned(),
            grant_expire_time: Some(time(grant.expires_at)),
        },
        Verdict::Rejected => wire::CheckVerificationResponse {
            outcome: wire::CheckOutcome::Rejected.into(),
            grant: String::new(),
            grant_expire_time: None,
        },
    }
}

pub(super) fn shown(place: &Place, shown: &Shown) -> wire::Verification {
    let verification = &shown.verification;
    wire::Verification {
        verification_id: place.id.to_string(),
        purpose: verification.purpose.as_str().to_owned(),
        subject: verification.subject.as_str().to_owned(),
        channel: channel(verification.channel).into(),
        state: state(shown.state).into(),
        tries_remaining: i32::try_from(shown.tries_left).unwrap_or(i32::MAX),
        sends_remaining: i32::try_from(shown.sends_left).unwrap_or(i32::MAX),
        create_time: Some(time(verification.created_at)),
        code_expire_time: Some(time(verification.expires_at)),
        resend_after: shown.next_send_at.map(time),
    }
}

pub(super) fn redeemed(grant: &Grant) -> wire::RedeemGrantResponse {
    wire::RedeemGrantResponse {
        verification_id: grant.verification.to_string(),
        purpose: grant.purpose.as_str().to_owned(),
        subject: grant.subject.as_str().to_owned(),
        channel: channel(grant.channel).into(),
        proof_class: class(grant.class).into(),
        pass_time: Some(time(grant.passed_at)),
    }
}

pub(super) fn state(state: State) -> wire::VerificationState {
    match state {
        State::Pending => wire::VerificationState::Pending,
        State::Passed => wire::VerificationState::Passed,
        State::Exhausted => wire::VerificationState::Exhausted,
        State::Cancelled => wire::VerificationState::Cancelled,
        State::Expired => wire::VerificationState::Expired,
    }
}

fn channel(channel: Channel) -> wire::Channel {
    match channel {
        Channel::Email => wire::Channel::Email,
        Channel::Sms => wire::Channel::Sms,
    }
}

fn class(class: ProofClass) -> wire::ProofClass {
    match class {
        ProofClass::Issued => wire::ProofClass::Issued,
        ProofClass::Authenticator => wire::ProofClass::Authenticator,
        ProofClass::Saved => wire::ProofClass::Saved,
    }
}

fn time(at: Timestamp) -> WireTimestamp {
    let nanos = at.unix_micros().rem_euclid(1_000_000) * 1_000;
    WireTimestamp { seconds: at.unix_seconds(), nanos: i32::try_from(nanos).unwrap_or(0) }
}
