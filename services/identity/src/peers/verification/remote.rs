//! Verification over the wire.

use std::time::Duration;

use async_trait::async_trait;
use rekey_client::{Connection, Problem};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::{TenantId, VerificationId};
use rekey_primitives::method::ProofClass;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_wire::verification::v1 as wire;
use tonic::Status;
use uuid::Uuid;

use super::{
    CheckCode, Checked, Pace, Progress, Redeemed, ResendCode, Resent, StartCode, Started, Stop, Stopped,
    Timers, Verification,
};
use crate::peers::Failure;

/// The name of the neighbour in failures.
const PEER: &str = "verification";

/// The verification service behind a connection.
#[derive(Clone)]
pub(crate) struct RemoteVerification {
    client: wire::verification_service_client::VerificationServiceClient<Connection>,
}

impl RemoteVerification {
    /// Speaks over this connection.
    pub(crate) fn new(connection: Connection) -> Self {
        Self { client: wire::verification_service_client::VerificationServiceClient::new(connection) }
    }
}

#[async_trait]
impl Verification for RemoteVerification {
    async fn start(&self, start: &StartCode) -> Result<Started, Failure> {
        let request = wire::StartVerificationRequest {
            tenant_id: start.tenant_id.to_string(),
            verification_id: start.verification_id.to_string(),
            request_id: start.request_id.hyphenated().to_string(),
            purpose: start.purpose.to_owned(),
            subject: start.subject.clone(),
            destination: Some(destination(&start.destination)),
            locale: start.locale.as_ref().map(|locale| locale.as_str().to_owned()).unwrap_or_default(),
            binding: start.binding.to_vec(),
            decoy: start.decoy,
            context: context(start.ip_address, start.user_agent.as_deref()),
            caller_counts_failures: true,
            organisation: start.organisation.chars().take(80).collect(),
            ..wire::StartVerificationRequest::default()
        };
        match self.client.clone().start_verification(request).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                let timers = timers(answer.code_expire_time, answer.resend_after)?;
                Ok(if answer.sent { Started::Sent(timers) } else { Started::WasThere(timers) })
            }
            Err(status) => not_started(status),
        }
    }

    async fn resend(&self, resend: &ResendCode) -> Result<Resent, Failure> {
        let request = wire::ResendCodeRequest {
            tenant_id: resend.tenant_id.to_string(),
            verification_id: resend.verification_id.to_string(),
            request_id: resend.request_id.hyphenated().to_string(),
            context: context(resend.ip_address, resend.user_agent.as_deref()),
        };
        match self.client.clone().resend_code(request).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                Ok(Resent::Sent(timers(answer.code_expire_time, answer.resend_after)?))
            }
            Err(status) => not_resent(status),
        }
    }

    async fn check(&self, check: &CheckCode) -> Result<Checked, Failure> {
        let request = wire::CheckVerificationRequest {
            tenant_id: check.tenant_id.to_string(),
            verification_id: check.verification_id.to_string(),
            code: check.code.expose_secret().to_owned(),
            request_id: check.request_id.hyphenated().to_string(),
            purpose: check.purpose.to_owned(),
            subject: check.subject.clone(),
            context: context(check.ip_address, check.user_agent.as_deref()),
        };
        match self.client.clone().check_verification(request).await {
            Ok(answer) => Ok(checked(answer.into_inner())),
            Err(status) => not_checked(status),
        }
    }

    async fn redeem(
        &self,
        tenant_id: TenantId,
        grant: &SecretString,
        binding: &[u8; 32],
        request_id: Uuid,
    ) -> Result<Option<Redeemed>, Failure> {
        let request = wire::RedeemGrantRequest {
            tenant_id: tenant_id.to_string(),
            grant: grant.expose_secret().to_owned(),
            binding: binding.to_vec(),
            request_id: request_id.hyphenated().to_string(),
        };
        match self.client.clone().redeem_grant(request).await {
            Ok(answer) => Ok(redeemed(&answer.into_inner())),
            Err(status) if Problem::of(&status).published() == Some(wire::ErrorReason::GrantInvalid) => {
                Ok(None)
            }
            Err(status) => Err(Failure::of(PEER, status)),
        }
    }

    async fn progress(
        &self,
        tenant_id: TenantId,
        verification_id: VerificationId,
    ) -> Result<Option<Progress>, Failure> {
        let request = wire::GetVerificationRequest {
            tenant_id: tenant_id.to_string(),
            verification_id: verification_id.to_string(),
        };
        match self.client.clone().get_verification(request).await {
            Ok(answer) => Ok(answer.into_inner().verification.as_ref().and_then(progress)),
            Err(status)
                if Problem::of(&status).published() == Some(wire::ErrorReason::VerificationNotFound) =>
            {
                Ok(None)
            }
            Err(status) => Err(Failure::of(PEER, status)),
        }
    }
}

fn progress(verification: &wire::Verification) -> Option<Progress> {
    Some(Progress {
        code_expires_at: read_timestamp(verification.code_expire_time?),
        sends_remaining: usize::try_from(verification.sends_remaining).unwrap_or(0),
    })
}

/// What a refused start means.
fn not_started(status: Status) -> Result<Started, Failure> {
    let problem = Problem::of(&status);
    match problem.reason.as_str() {
        "VERIFICATION_DIFFERS" | "VERIFICATION_OVER" => Ok(Started::Differs),
        reason => match stop(reason) {
            Some(stop) if problem.domain == wire::DOMAIN => stopped(stop, &problem).map(Started::Stopped),
            _ => Err(Failure::of(PEER, status)),
        },
    }
}

/// What a refused resend means.
fn not_resent(status: Status) -> Result<Resent, Failure> {
    let problem = Problem::of(&status);
    match problem.reason.as_str() {
        "RESEND_TOO_SOON" => Ok(Resent::TooSoon { retry_after: problem.retry_after.unwrap_or_default() }),
        "SENDS_EXHAUSTED" => Ok(Resent::Exhausted),
        "VERIFICATION_OVER" | "VERIFICATION_NOT_FOUND" => Ok(Resent::Over),
        reason => match stop(reason) {
            Some(stop) if problem.domain == wire::DOMAIN => stopped(stop, &problem).map(Resent::Stopped),
            _ => Err(Failure::of(PEER, status)),
        },
    }
}

/// A code that does not even look like one is a wrong code.
fn not_checked(status: Status) -> Result<Checked, Failure> {
    let problem = Problem::of(&status);
    let is_about_the_code = problem.reason == "FIELD_INVALID"
        && !problem.fields.is_empty()
        && problem.fields.iter().all(|(field, _)| field == "code");
    let says_no = is_about_the_code
        || matches!(
            problem.reason.as_str(),
            "VERIFICATION_NOT_FOUND" | "VERIFICATION_OVER" | "SUBJECT_PAUSED" | "SUBJECT_STOPPED"
        );
    if says_no { Ok(Checked::Rejected) } else { Err(Failure::of(PEER, status)) }
}

fn stop(reason: &str) -> Option<Stop> {
    Some(match reason {
        "DESTINATION_LIMITED" => Stop::Destination,
        "SUBJECT_LIMITED" | "SUBJECT_PAUSED" | "SUBJECT_STOPPED" => Stop::Subject,
        "NETWORK_LIMITED" => Stop::Network,
        "TENANT_LIMITED" => Stop::Tenant,
        "CHANNEL_NOT_ALLOWED" => Stop::NotOffered,
        _ => return None,
    })
}

/// A stop with its clocks. Without them nothing can be said in its place.
fn stopped(stop: Stop, problem: &Problem) -> Result<Stopped, Failure> {
    let pace = pace(problem);
    let pace =
        pace.ok_or_else(|| Failure::Broken { peer: PEER, source: "a limit names no clocks".into() })?;
    Ok(Stopped { stop, pace })
}

fn pace(problem: &Problem) -> Option<Pace> {
    let seconds = |text: &str| text.parse().ok().map(Duration::from_secs);
    let waits = problem.metadata.get("ladder_seconds")?.split(',').filter(|wait| !wait.is_empty());
    Some(Pace {
        code_life: seconds(problem.metadata.get("code_life_seconds")?)?,
        waits: waits.map(seconds).collect::<Option<_>>()?,
    })
}

fn checked(answer: wire::CheckVerificationResponse) -> Checked {
    match answer.outcome() {
        wire::CheckOutcome::Passed => Checked::Passed { grant: SecretString::from(answer.grant) },
        wire::CheckOutcome::Rejected | wire::CheckOutcome::Unspecified => Checked::Rejected,
    }
}

/// `None` for evidence of a kind this release does not know: it proves nothing.
fn redeemed(answer: &wire::RedeemGrantResponse) -> Option<Redeemed> {
    let channel = match answer.channel() {
        wire::Channel::Email => Channel::Email,
        wire::Channel::Sms => Channel::Sms,
        wire::Channel::Unspecified => return None,
    };
    let class = match answer.proof_class() {
        wire::ProofClass::Issued => ProofClass::Issued,
        wire::ProofClass::Authenticator => ProofClass::Authenticator,
        wire::ProofClass::Saved => ProofClass::Saved,
        wire::ProofClass::Unspecified => return None,
    };
    let verification_id = VerificationId::parse(&answer.verification_id).ok()?;
    Some(Redeemed { verification_id, channel, class })
}

fn timers(
    code_expires_at: Option<prost_types::Timestamp>,
    resend_after: Option<prost_types::Timestamp>,
) -> Result<Timers, Failure> {
    let code_expires_at = code_expires_at.ok_or_else(|| Failure::Broken {
        peer: PEER,
        source: "the answer names no end of the code".into(),
    })?;
    Ok(Timers {
        code_expires_at: read_timestamp(code_expires_at),
        resend_after: resend_after.map(read_timestamp),
    })
}

fn read_timestamp(at: prost_types::Timestamp) -> Timestamp {
    Timestamp::from_unix_micros(
        at.seconds.saturating_mul(1_000_000).saturating_add(i64::from(at.nanos / 1_000)),
    )
}

fn destination(destination: &Destination) -> wire::Destination {
    use wire::destination::Address;
    let address = match destination {
        Destination::Email(address) => Address::EmailAddress(address.as_str().to_owned()),
        Destination::Phone(number) => Address::PhoneNumber(number.as_str().to_owned()),
    };
    wire::Destination { address: Some(address) }
}

fn context(ip_address: Option<std::net::IpAddr>, user_agent: Option<&str>) -> Option<wire::RequestContext> {
    (ip_address.is_some() || user_agent.is_some()).then(|| wire::RequestContext {
        ip_address: ip_address.map(|ip| ip.to_string()).unwrap_or_default(),
        user_agent: user_agent.unwrap_or_default().to_owned(),
    })
}

impl std::fmt::Debug for RemoteVerification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RemoteVerification(..)")
    }
}

#[cfg(test)]
mod tests {
    use rekey_wire::status::Refusal;
    use rekey_wire::verification::v1::ErrorReason;
    use tonic::Code;

    use super::*;

    fn refusal(code: Code, reason: ErrorReason) -> Status {
        Refusal::new(code, reason, "no").retry_after(Duration::from_secs(20)).into_status()
    }

    fn limit(reason: ErrorReason, ladder: &str) -> Status {
        let refusal = Refusal::new(Code::ResourceExhausted, reason, "no");
        refusal.with("code_life_seconds", "61").with("ladder_seconds", ladder).into_status()
    }

    #[test]
    fn limits_beyond_the_verification_are_told_from_its_own() {
        let stops = [
            ErrorReason::DestinationLimited,
            ErrorReason::SubjectLimited,
            ErrorReason::NetworkLimited,
            ErrorReason::TenantLimited,
        ]
        .map(|reason| not_started(limit(reason, "7,9")).unwrap());
        let own = not_resent(refusal(Code::ResourceExhausted, ErrorReason::ResendTooSoon)).unwrap();

        let pace =
            Pace { code_life: Duration::from_secs(61), waits: [7, 9].map(Duration::from_secs).to_vec() };
        let expected = [Stop::Destination, Stop::Subject, Stop::Network, Stop::Tenant]
            .map(|stop| Started::Stopped(Stopped { stop, pace: pace.clone() }));
        assert_eq!(stops, expected);
        assert_eq!(own, Resent::TooSoon { retry_after: Duration::from_secs(20) });
        assert_eq!(
            not_resent(refusal(Code::ResourceExhausted, ErrorReason::SendsExhausted)).unwrap(),
            Resent::Exhausted
        );
    }

    #[test]
    fn a_limit_without_its_clocks_is_a_failure_and_never_a_guess() {
        let without = not_started(refusal(Code::ResourceExhausted, ErrorReason::DestinationLimited));
        let unreadable = not_resent(limit(ErrorReason::TenantLimited, "soon"));
        let one_message = not_resent(limit(ErrorReason::TenantLimited, "")).unwrap();

        assert!(without.is_err() && unreadable.is_err());
        assert!(matches!(one_message, Resent::Stopped(Stopped { pace, .. }) if pace.waits.is_empty()));
    }

    #[test]
    fn a_verification_that_is_away_is_a_failure_and_no_answer() {
        let away = not_checked(Status::unavailable("connection refused")).unwrap_err();
        let overloaded = not_started(refusal(Code::ResourceExhausted, ErrorReason::Overloaded)).unwrap_err();
        let broken = not_resent(refusal(Code::PermissionDenied, ErrorReason::CallerNotAllowed)).unwrap_err();

        assert!(away.is_unavailable());
        assert!(overloaded.is_unavailable());
        assert!(!broken.is_unavailable());
    }

    #[test]
    fn a_code_that_is_none_is_a_wrong_code() {
        let odd = Refusal::new(Code::InvalidArgument, ErrorReason::FieldInvalid, "no").field("code", "long");
        let other =
            Refusal::new(Code::InvalidArgument, ErrorReason::FieldInvalid, "no").field("tenant_id", "x");

        assert!(matches!(not_checked(odd.into_status()), Ok(Checked::Rejected)));
        assert!(not_checked(other.into_status()).is_err());
    }

    #[test]
    fn evidence_of_an_unknown_kind_proves_nothing() {
        let known = wire::RedeemGrantResponse {
            verification_id: "018f4d5e-0000-7000-8000-000000000001".to_owned(),
            channel: wire::Channel::Sms.into(),
            proof_class: wire::ProofClass::Issued.into(),
            ..wire::RedeemGrantResponse::default()
        };
        let unknown = wire::RedeemGrantResponse { proof_class: 99, ..known.clone() };

        assert_eq!(
            redeemed(&known).map(|proof| (proof.channel, proof.class)),
            Some((Channel::Sms, ProofClass::Issued))
        );
        assert_eq!(redeemed(&unknown), None);
    }
}
