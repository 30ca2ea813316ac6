//! Checks of wrong codes.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use redis::aio::ConnectionManager;
use rekey_wire::verification::v1::destination::Address;
use rekey_wire::verification::v1::verification_service_client::VerificationServiceClient;
use rekey_wire::verification::v1::{
    CheckOutcome, CheckVerificationRequest, CheckVerificationResponse, Destination, StartVerificationRequest,
};

use crate::arguments::Effort;
use crate::caller::{Caller, request_id};
use crate::limits::echo::Call;
use crate::load;
use crate::suite::Suite;

/// Checks at once; fewer leave Redis idle between them.
const CHECKS_AT_ONCE: usize = 64;

/// Verifications that are tried.
const VERIFICATIONS: usize = 64;

/// No code has so many digits: always wrong, never by chance right.
const WRONG: &str = "00000000";

/// What the codes are for.
const PURPOSE: &str = "sign_up";

/// Where Redis has the tries that a verification has left, by the name of any version.
const TRIES_FIELDS: [&str; 2] = ["tries_left", "attempts_left"];

/// The call, for a bare server.
#[derive(Clone)]
pub(crate) struct CheckCode;

impl Call for CheckCode {
    const SERVICE: &'static str = "rekey.verification.v1.VerificationService";
    type Question = CheckVerificationRequest;
    type Answer = CheckVerificationResponse;
}

/// Verifications to try.
#[derive(Clone)]
pub(crate) struct CodeChecks {
    pub(crate) verification: Caller,
    verification_ids: Arc<[String]>,
}

impl CodeChecks {
    /// Starts verifications that never run out of tries.
    pub(crate) async fn prepare(suite: &Suite, redis: ConnectionManager) -> anyhow::Result<Self> {
        let verification = suite.verification().await?;
        let mut verification_ids = Vec::new();
        for number in 0..VERIFICATIONS {
            verification_ids.push(start(&verification, number).await?);
        }
        never_exhausted(redis, suite.tenant_id()).await?;
        Ok(Self { verification, verification_ids: verification_ids.into() })
    }

    /// Tries a code at a server.
    pub(crate) async fn check(
        &self,
        server: &Caller,
        number: usize,
        request_id: String,
    ) -> anyhow::Result<()> {
        let verification = number % self.verification_ids.len();
        let request = CheckVerificationRequest {
            tenant_id: server.tenant_id(),
            verification_id: self.verification_ids[verification].clone(),
            code: WRONG.to_owned(),
            request_id,
            context: None,
            purpose: PURPOSE.to_owned(),
            subject: subject(verification),
            transaction: None,
        };
        let mut client = VerificationServiceClient::new(server.channel(number));
        let answer = client.check_verification(server.request(request)).await?.into_inner();
        ensure!(answer.outcome() == CheckOutcome::Rejected, "a wrong code passed");
        Ok(())
    }

    /// Tries codes at a server as fast as it goes; how many a second.
    pub(crate) async fn rate(&self, server: &Caller, effort: Effort) -> anyhow::Result<f64> {
        let (checks, server) = (self.clone(), server.clone());
        let check = move |number| {
            let (checks, server) = (checks.clone(), server.clone());
            async move { checks.check(&server, number, request_id()).await }
        };
        load::closed(CHECKS_AT_ONCE, effort.stretch, check).await
    }
}

/// Whom the verification of this number is about.
fn subject(number: usize) -> String {
    format!("bench-{number}")
}

async fn start(verification: &Caller, number: usize) -> anyhow::Result<String> {
    let verification_id = request_id();
    let request = StartVerificationRequest {
        tenant_id: verification.tenant_id(),
        verification_id: verification_id.clone(),
        request_id: request_id(),
        purpose: PURPOSE.to_owned(),
        subject: subject(number),
        destinations: vec![Destination {
            address: Some(Address::EmailAddress(format!("bench{number}@demo.example"))),
        }],
        caller_counts_failures: true,
        ..StartVerificationRequest::default()
    };
    let mut client = VerificationServiceClient::new(verification.channel(number));
    client.start_verification(verification.request(request)).await?;
    Ok(verification_id)
}

/// Gives every verification more tries than a run has: one that is over answers sooner, and settings allow 10.
async fn never_exhausted(mut redis: ConnectionManager, tenant_id: &str) -> anyhow::Result<()> {
    let pattern = format!("rekey:verification:{{{tenant_id}}}:v:*");
    let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut redis).await?;
    ensure!(keys.len() == VERIFICATIONS, "verifications are not kept where they were");
    for key in keys {
        let fields: Vec<String> = redis::cmd("HKEYS").arg(&key).query_async(&mut redis).await?;
        let tries = TRIES_FIELDS.iter().find(|tries| fields.iter().any(|field| field == *tries));
        let tries = tries.context("tries are not kept where they were")?;
        let mut command = redis::cmd("HSET");
        command.arg(&key).arg(tries).arg(1_000_000_000);
        let _added: i64 = command.query_async(&mut redis).await?;
    }
    Ok(())
}
