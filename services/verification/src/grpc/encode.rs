//! Answers as messages.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;
use rekey_primitives::method::ProofClass;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_wire::time::timestamp;
use rekey_wire::verification::v1 as wire;

use crate::codes::SentCode;
use crate::codes::check::CheckVerdict;
use crate::codes::get::VerificationView;
use crate::domain::grant::Grant;
use crate::domain::notice::{Notice, notices_of};
use crate::domain::scope::ScopedId;
use crate::domain::verification::{CodeTimes, VerificationState};

pub(super) fn started(sent: &SentCode, channel: Channel) -> wire::StartVerificationResponse {
    wire::StartVerificationResponse {
        code_expire_time: Some(time(sent.times.expires_at)),
        resend_time: sent.times.next_send_at.map(time),
        sent: sent.sent,
        notices: notices_of(channel).iter().map(|notice| self::notice(*notice).into()).collect(),
    }
}

pub(super) fn resent(times: &CodeTimes) -> wire::ResendCodeResponse {
    wire::ResendCodeResponse {
        code_expire_time: Some(time(times.expires_at)),
        resend_time: times.next_send_at.map(time),
    }
}

pub(super) fn checked(verdict: &CheckVerdict) -> wire::CheckVerificationResponse {
    match verdict {
        CheckVerdict::Passed(grant) => wire::CheckVerificationResponse {
            outcome: wire::CheckOutcome::Passed.into(),
            grant: grant.text.expose_secret().to_owned(),
            grant_expire_time: Some(time(grant.expires_at)),
        },
        CheckVerdict::Rejected => wire::CheckVerificationResponse {
            outcome: wire::CheckOutcome::Rejected.into(),
            grant: String::new(),
            grant_expire_time: None,
        },
    }
}

pub(super) fn verification(id: &ScopedId, view: &VerificationView) -> wire::Verification {
    let verification = &view.verification;
    wire::Verification {
        verification_id: id.verification.to_string(),
        purpose: verification.purpose.as_str().to_owned(),
        subject: verification.subject.as_str().to_owned(),
        channel: channel(verification.channel).into(),
        state: state(view.state).into(),
        tries_remaining: i32::try_from(view.attempts_left).unwrap_or(i32::MAX),
        sends_remaining: i32::try_from(view.sends_left).unwrap_or(i32::MAX),
        create_time: Some(time(verification.created_at)),
        code_expire_time: Some(time(verification.expires_at)),
        resend_time: view.next_send_at.map(time),
    }
}

pub(super) fn redeemed(grant: &Grant) -> wire::RedeemGrantResponse {
    wire::RedeemGrantResponse {
        verification_id: grant.verification.to_string(),
        purpose: grant.purpose.as_str().to_owned(),
        subject: grant.subject.as_str().to_owned(),
        // With a fallback either may have carried it, and nobody may take one for the other.
        channel: grant.fallback_channel.map_or(channel(grant.channel), |_| wire::Channel::Unspecified).into(),
        channels: [Some(grant.channel), grant.fallback_channel]
            .into_iter()
            .flatten()
            .map(|one| channel(one).into())
            .collect(),
        proof_class: class(grant.class).into(),
        pass_time: Some(time(grant.passed_at)),
        issuer: grant.caller.as_str().to_owned(),
        transaction: grant.transaction.as_ref().map(|transaction| wire::Transaction {
            amount: transaction.amount().to_owned(),
            payee: transaction.payee().to_owned(),
        }),
    }
}

pub(super) fn state(state: VerificationState) -> wire::VerificationState {
    match state {
        VerificationState::Pending => wire::VerificationState::Pending,
        VerificationState::Passed => wire::VerificationState::Passed,
        VerificationState::Exhausted => wire::VerificationState::Exhausted,
        VerificationState::Cancelled => wire::VerificationState::Cancelled,
        VerificationState::Expired => wire::VerificationState::Expired,
    }
}

fn notice(notice: Notice) -> wire::Notice {
    match notice {
        Notice::ChannelRestricted => wire::Notice::ChannelRestricted,
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

fn time(at: Timestamp) -> prost_types::Timestamp {
    timestamp(at.unix_micros())
}
