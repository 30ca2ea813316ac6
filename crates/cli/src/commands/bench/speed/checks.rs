//! Checks of wrong codes over Redis, beside a bare server that runs the very same script.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use redis::aio::ConnectionManager;
use rekey_wire::verification::v1::destination::Address;
use rekey_wire::verification::v1::verification_service_client::VerificationServiceClient;
use rekey_wire::verification::v1::{
    CheckOutcome, CheckVerificationRequest, CheckVerificationResponse, Destination, StartVerificationRequest,
};
use tonic::Status;

use super::super::Effort;
use super::super::limits::echo::{Call, Echo, Work};
use super::super::limits::script::{Overheard, Script};
use super::super::load;
use super::super::report::{Line, Rounds, Target};
use super::super::suite::{Caller, Start, Suite};
use crate::profile::request_id;

/// What the line is called, measured or not.
pub(super) const WHAT: &str = "CheckVerification";

/// Calls at once; fewer leave Redis idle between them.
const IN_FLIGHT: usize = 64;

/// Verifications that are tried.
const VERIFICATIONS: usize = 64;

/// No code has so many digits: always wrong, never by chance right.
const WRONG: &str = "00000000";

/// What the codes are for.
const PURPOSE: &str = "sign_up";

/// Whom the verification of this number is about.
fn subject(number: usize) -> String {
    format!("bench-{number}")
}

#[derive(Clone)]
struct Check;

impl Call for Check {
    const SERVICE: &'static str = "rekey.verification.v1.VerificationService";
    type Question = CheckVerificationRequest;
    type Answer = CheckVerificationResponse;
}

/// Verifications to try, at one server.
#[derive(Clone)]
struct Desk {
    tenant_id: Arc<str>,
    verifications: Arc<[String]>,
}

impl Desk {
    async fn check(&self, server: &Caller, number: usize, request_id: String) -> anyhow::Result<()> {
        let request = CheckVerificationRequest {
            tenant_id: self.tenant_id.to_string(),
            verification_id: self.verifications[number % self.verifications.len()].clone(),
            code: WRONG.to_owned(),
            request_id,
            context: None,
            purpose: PURPOSE.to_owned(),
            subject: subject(number % self.verifications.len()),
        };
        let mut client = VerificationServiceClient::new(server.channel(number));
        let answer = client.check_verification(server.request(request)).await?.into_inner();
        ensure!(answer.outcome() == CheckOutcome::Rejected, "a wrong code passed");
        Ok(())
    }

    async fn rate(&self, server: &Caller, effort: Effort) -> anyhow::Result<f64> {
        let (desk, server) = (self.clone(), server.clone());
        let check = move |number| {
            let (desk, server) = (desk.clone(), server.clone());
            async move { desk.check(&server, number, request_id()).await }
        };
        load::closed(IN_FLIGHT, effort.stretch, check).await
    }
}

/// The one line.
pub(super) async fn measure(start: &Start, effort: Effort, url: &str) -> anyhow::Result<Vec<Line>> {
    let start = Start { redis: Some(url.to_owned()), ..start.clone().unthrottled() };
    let suite = Suite::start(start).await?;
    let server = suite.verification().await?;
    let client = redis::Client::open(url)?;
    let redis = ConnectionManager::new(client).await.context("cannot reach Redis")?;
    let desk = open_verifications(&suite, &server).await?;
    never_exhausted(redis.clone(), &desk.tenant_id).await?;
    desk.check(&server, 0, request_id()).await?;
    let echo = bare(redis, overheard(&desk, &server, url).await?).await?;
    let bare = Caller::connect(echo.address, None).await?;
    let mut rounds = Rounds::default();
    for _ in 0..effort.rounds {
        let limit = desk.rate(&bare, effort).await?;
        rounds.add(desk.rate(&server, effort).await?, limit);
    }
    Ok(vec![rounds.line(WHAT, "bare gRPC, its script", "/s", Some(Target::AtLeast(0.7)))])
}

async fn open_verifications(suite: &Suite, server: &Caller) -> anyhow::Result<Desk> {
    let tenant_id = suite.tenant_id();
    let mut verifications = Vec::new();
    for number in 0..VERIFICATIONS {
        let verification_id = request_id();
        let request = StartVerificationRequest {
            tenant_id: tenant_id.to_owned(),
            verification_id: verification_id.clone(),
            request_id: request_id(),
            purpose: PURPOSE.to_owned(),
            subject: subject(number),
            destination: Some(Destination {
                address: Some(Address::EmailAddress(format!("bench{number}@demo.example"))),
            }),
            audience: String::new(),
            locale: String::new(),
            binding: Vec::new(),
            decoy: false,
            context: None,
            caller_counts_failures: true,
            organisation: String::new(),
        };
        let mut client = VerificationServiceClient::new(server.channel(number));
        client.start_verification(server.request(request)).await?;
        verifications.push(verification_id);
    }
    Ok(Desk { tenant_id: tenant_id.into(), verifications: verifications.into() })
}

/// Gives every verification more tries than a run has: one that is over answers sooner, and settings allow 10.
async fn never_exhausted(mut redis: ConnectionManager, tenant_id: &str) -> anyhow::Result<()> {
    let pattern = format!("rekey:verification:{{{tenant_id}}}:v:*");
    let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut redis).await?;
    ensure!(keys.len() == VERIFICATIONS, "verifications are not kept where they were");
    for key in keys {
        let mut command = redis::cmd("HSET");
        command.arg(key).arg("tries_left").arg(1_000_000_000);
        let _fields: i64 = command.query_async(&mut redis).await?;
    }
    Ok(())
}

/// A check is one script, once the service knows which run the store is at.
async fn overheard(desk: &Desk, server: &Caller, url: &str) -> anyhow::Result<Script> {
    let listening = Overheard::begin(url).await?;
    let request_id = request_id();
    desk.check(server, 0, request_id.clone()).await?;
    listening.script(&request_id).await
}

async fn bare(redis: ConnectionManager, script: Script) -> anyhow::Result<Echo> {
    let script = Arc::new(script);
    let work: Work = Arc::new(move || {
        let (redis, script) = (redis.clone(), script.clone());
        Box::pin(async move {
            let ran = script.run(redis).await;
            ran.map(drop).map_err(|error| Status::unavailable(error.to_string()))
        })
    });
    let answer = CheckVerificationResponse {
        outcome: CheckOutcome::Rejected.into(),
        ..CheckVerificationResponse::default()
    };
    Echo::start::<Check>(answer, work).await
}
