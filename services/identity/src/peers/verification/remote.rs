//! Verification over the wire.

use async_trait::async_trait;
use rekey_client::Connection;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::{TenantId, VerificationId};
use rekey_primitives::method::ProofClass;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_wire::time;
use rekey_wire::verification::v1 as wire;
use uuid::Uuid;

use super::reasons::{PEER, not_checked, not_found, not_redeemed, not_resent, not_started};
use super::{
    AskedBy, CheckCode, Checked, Progress, Redeemed, ResendCode, Resent, StartCode, Started, Timers,
    Verification,
};
use crate::peers::Failure;

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
        match self.client.clone().start_verification(starting(start)).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                let timers = timers(answer.code_expire_time, answer.resend_time)?;
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
            context: Some(context(&resend.asked_by)),
        };
        match self.client.clone().resend_code(request).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                Ok(Resent::Sent(timers(answer.code_expire_time, answer.resend_time)?))
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
            transaction: None,
            context: Some(context(&check.asked_by)),
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
            Err(status) => not_redeemed(status).map(|()| None),
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
            Err(status) => not_found(status).map(|()| None),
        }
    }
}

fn progress(verification: &wire::Verification) -> Option<Progress> {
    Some(Progress {
        code_expires_at: moment(verification.code_expire_time?)?,
        sends_remaining: usize::try_from(verification.sends_remaining).unwrap_or(0),
    })
}

fn checked(answer: wire::CheckVerificationResponse) -> Checked {
    match answer.outcome() {
        wire::CheckOutcome::Passed => Checked::Passed { grant: SecretString::from(answer.grant) },
        wire::CheckOutcome::Rejected | wire::CheckOutcome::Unspecified => Checked::Rejected,
    }
}

/// What verification is asked. There is no fallback: a code of ours never leaves the channel that was chosen for it.
fn starting(start: &StartCode) -> wire::StartVerificationRequest {
    wire::StartVerificationRequest {
        tenant_id: start.tenant_id.to_string(),
        verification_id: start.verification_id.to_string(),
        request_id: start.request_id.hyphenated().to_string(),
        purpose: start.purpose.to_owned(),
        subject: start.subject.clone(),
        destinations: start.destinations.iter().map(destination).collect(),
        locale: start.locale.as_ref().map(|locale| locale.as_str().to_owned()).unwrap_or_default(),
        binding: start.binding.to_vec(),
        decoy: start.decoy,
        familiar: start.familiar,
        challenge_passed: start.has_passed_a_challenge(),
        context: Some(context(&start.asked_by)),
        caller_counts_failures: true,
        organisation: start.organisation.chars().take(80).collect(),
        ..wire::StartVerificationRequest::default()
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
    let code_expires_at = code_expires_at.and_then(moment).ok_or_else(|| Failure::Broken {
        peer: PEER,
        source: "the answer names no end of the code".into(),
    })?;
    Ok(Timers { code_expires_at, resend_after: resend_after.and_then(moment) })
}

/// A moment; what is none is as good as missing.
fn moment(at: prost_types::Timestamp) -> Option<Timestamp> {
    time::unix_micros(&at).map(Timestamp::from_unix_micros)
}

fn destination(destination: &Destination) -> wire::Destination {
    use wire::destination::Address;
    let address = match destination {
        Destination::Email(address) => Address::EmailAddress(address.as_str().to_owned()),
        Destination::Phone(number) => Address::PhoneNumber(number.as_str().to_owned()),
    };
    wire::Destination { address: Some(address) }
}

fn context(asked_by: &AskedBy) -> wire::RequestContext {
    wire::RequestContext {
        ip_address: asked_by.ip_address.map(|ip| ip.to_string()).unwrap_or_default(),
        user_agent: asked_by.user_agent.clone().unwrap_or_default(),
        backend: asked_by.backend.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_code_of_a_reset_never_leaves_its_channel() {
        let start = StartCode {
            tenant_id: TenantId::from_uuid(Uuid::from_u128(1)),
            verification_id: VerificationId::from_uuid(Uuid::from_u128(2)),
            request_id: Uuid::from_u128(3),
            purpose: "password_reset",
            subject: "somebody".to_owned(),
            destinations: vec![Destination::parse(Channel::Email, "anna@example.com").unwrap()],
            locale: None,
            binding: [0; 32],
            decoy: false,
            organisation: "Contoso".to_owned(),
            familiar: false,
            asked_by: AskedBy { backend: String::new(), ip_address: None, user_agent: None },
        };
        let by_either = wire::RedeemGrantResponse {
            verification_id: "018f4d5e-0000-7000-8000-000000000001".to_owned(),
            proof_class: wire::ProofClass::Issued.into(),
            channels: vec![wire::Channel::Email.into(), wire::Channel::Sms.into()],
            ..wire::RedeemGrantResponse::default()
        };

        assert_eq!(starting(&start).fallbacks, Vec::new());
        assert_eq!(redeemed(&by_either), None, "evidence of either channel proves neither");
    }
}
