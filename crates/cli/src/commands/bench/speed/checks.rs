//! Checks of wrong codes over Redis, beside a bare server that runs the very same scripts.
//!
//! A check runs two: one that looks the verification up, since what was typed is digested with what is known of it,
//! and the atomic one that counts, compares and consumes. The target is against a server that runs the second only.

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

/// A check runs two scripts: it looks, then it acts.
const SCRIPTS: usize = 2;

/// No code has so many digits: always wrong, never by chance right.
const WRONG: &str = "00000000";

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

/// The line with the target, and one beside a server that runs both scripts.
pub(super) async fn measure(start: &Start, effort: Effort, url: &str) -> anyhow::Result<Vec<Line>> {
    let start = Start { redis: Some(url.to_owned()), ..start.clone().unthrottled() };
    let suite = Suite::start(start).await?;
    let server = suite.verification().await?;
    let client = redis::Client::open(url)?;
    let redis = ConnectionManager::new(client).await.context("cannot reach Redis")?;
    let desk = open_verifications(&suite, &server).await?;
    never_exhausted(redis.clone(), &desk.tenant_id).await?;
    desk.check(&server, 0, request_id()).await?;
    let scripts = overheard(&desk, &server, url).await?;
    let acting = scripts.last().cloned().into_iter().collect();
    let (one, both) = (bare(redis.clone(), acting).await?, bare(redis, scripts).await?);
    let (bare_one, bare_both) =
        (Caller::connect(one.address, None).await?, Caller::connect(both.address, None).await?);
    let (mut beside_one, mut beside_both) = (Rounds::default(), Rounds::default());
    for _ in 0..effort.rounds {
        let limit = desk.rate(&bare_one, effort).await?;
        let checked = desk.rate(&server, effort).await?;
        beside_one.add(checked, limit);
        beside_both.add(checked, desk.rate(&bare_both, effort).await?);
    }
    Ok(vec![
        beside_one.line(WHAT, "bare gRPC, its check script", "/s", Some(Target::AtLeast(0.7))),
        beside_both.line(WHAT, "bare gRPC, both its scripts", "/s", None),
    ])
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
            purpose: "sign_up".to_owned(),
            subject: format!("bench-{number}"),
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

async fn overheard(desk: &Desk, server: &Caller, url: &str) -> anyhow::Result<Vec<Script>> {
    let listening = Overheard::begin(url, SCRIPTS).await?;
    let request_id = request_id();
    desk.check(server, 0, request_id.clone()).await?;
    listening.scripts(&request_id).await
}

async fn bare(redis: ConnectionManager, scripts: Vec<Script>) -> anyhow::Result<Echo> {
    let scripts: Arc<[Script]> = scripts.into();
    let work: Work = Arc::new(move || {
        let (redis, scripts) = (redis.clone(), scripts.clone());
        Box::pin(async move {
            for script in scripts.iter() {
                let ran = script.run(redis.clone()).await;
                ran.map_err(|error| Status::unavailable(error.to_string()))?;
            }
            Ok(())
        })
    });
    let answer = CheckVerificationResponse {
        outcome: CheckOutcome::Rejected.into(),
        ..CheckVerificationResponse::default()
    };
    Echo::start::<Check>(answer, work).await
}
