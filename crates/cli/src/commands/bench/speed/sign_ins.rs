//! Sign-ins, and what they do to others: they cost a core for milliseconds each, so they decide what a machine holds
//! and are the first thing to drown it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{bail, ensure};
use rekey_client::Problem;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{CheckAccessTokenRequest, RequestContext, SignInRequest};
use tonic::{Code, Status};

use super::super::Effort;
use super::super::limits::argon2;
use super::super::load::{self, Answer};
use super::super::report::{Line, Rounds, Target};
use super::super::statistics::Sorted;
use super::super::suite::{Caller, Person, Start, Suite};
use crate::profile::request_id;

/// Calls a second that do not hash: enough for a p99, few enough to leave the cores to hashing.
const OTHERS_PER_SECOND: f64 = 500.0;

/// How far beyond what is sustainable an overload goes.
const OVERLOAD: f64 = 5.0;

/// What a person waits for a refusal.
const REFUSED_WITHIN_MS: f64 = 50.0;

/// Until queues are as they stay.
const SETTLING: Duration = Duration::from_millis(500);

/// How soon a refused one comes back.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// Somebody who signs people in.
#[derive(Clone)]
struct Desk {
    identity: Caller,
    tenant_id: Arc<str>,
    people: Arc<[Person]>,
}

impl Desk {
    async fn sign_in(&self, number: usize) -> Result<SignInResult, Status> {
        let person = &self.people[number % self.people.len()];
        let request = SignInRequest {
            tenant_id: self.tenant_id.to_string(),
            login: person.login.clone(),
            password: person.password.clone(),
            request_id: request_id(),
            context: Some(RequestContext {
                ip_address: format!("192.0.2.{}", number % self.people.len() + 1),
                user_agent: "rekey-bench/1".to_owned(),
                locale: String::new(),
            }),
        };
        let mut sessions = SessionServiceClient::new(self.identity.channel(number));
        let answer = sessions.sign_in(self.identity.request(request)).await?.into_inner();
        answer.result.ok_or_else(|| Status::internal("the answer is empty"))
    }

    /// Signs in as fast as it goes; how many a second.
    async fn rate(&self, effort: Effort, length: Duration) -> anyhow::Result<f64> {
        let desk = self.clone();
        let sign_in = move |number| {
            let desk = desk.clone();
            async move {
                let result = loop {
                    match desk.sign_in(number).await {
                        // Refused on a machine that somebody else keeps busy; whoever waits comes back.
                        Err(status) if is_busy(&status) => tokio::time::sleep(BUSY_PAUSE).await,
                        answer => break answer?,
                    }
                };
                ensure!(matches!(result, SignInResult::Tokens(_)), "a right password did not sign in");
                Ok(())
            }
        };
        load::closed(effort.in_flight, length, sign_in).await
    }

    /// The p99, in milliseconds, of a call that reads the store and does not hash.
    async fn other_p99(&self, access_token: &str, length: Duration) -> anyhow::Result<f64> {
        let (identity, access_token) = (self.identity.clone(), access_token.to_owned());
        let check = move |number| {
            let request = identity.request(CheckAccessTokenRequest { access_token: access_token.clone() });
            let mut sessions = SessionServiceClient::new(identity.channel(number));
            async move { sessions.check_access_token(request).await }
        };
        let answers = load::open(OTHERS_PER_SECOND, length, check).await?;
        let failed = answers.iter().find_map(|answer| answer.outcome.as_ref().err());
        if let Some(status) = failed {
            return Err(status.clone().into());
        }
        Ok(Sorted::of_times(answers.iter().map(|answer| answer.took)).percentile(0.99))
    }
}

/// All three lines about sign-ins.
pub(super) async fn measure(start: &Start, effort: Effort) -> anyhow::Result<Vec<Line>> {
    let suite = Suite::start(start.clone().unthrottled().answering_on(0)).await?;
    let desk = Desk {
        identity: suite.identity().await?,
        tenant_id: suite.tenant_id().into(),
        people: suite.people("bench", effort.in_flight.min(200)).await?.into(),
    };
    desk.rate(effort, SETTLING).await?;
    let mut lines = vec![throughput(&desk, effort).await?, isolation(&desk, effort).await?];
    lines.extend(overload(&desk, effort).await?);
    Ok(lines)
}

async fn throughput(desk: &Desk, effort: Effort) -> anyhow::Result<Line> {
    let mut rounds = Rounds::default();
    for _ in 0..effort.rounds {
        let bare = argon2::rate(effort.cores, effort.stretch).await?;
        rounds.add(desk.rate(effort, effort.stretch).await?, bare);
    }
    Ok(rounds.line("SignIn", "bare Argon2id, same threads", "/s", Some(Target::AtLeast(0.9))))
}

async fn isolation(desk: &Desk, effort: Effort) -> anyhow::Result<Line> {
    let mut rounds = Rounds::default();
    let length = effort.stretch * 2;
    for _ in 0..effort.rounds {
        let SignInResult::Tokens(tokens) = desk.sign_in(0).await? else { bail!("nobody could sign in") };
        let at_rest = desk.other_p99(&tokens.access_token, length).await?;
        let beside = async {
            tokio::time::sleep(SETTLING).await;
            desk.other_p99(&tokens.access_token, length).await
        };
        let (_, saturated) = tokio::try_join!(desk.rate(effort, length + 2 * SETTLING), beside)?;
        rounds.add(saturated, at_rest);
    }
    let what = "CheckAccessToken p99, hashing saturated";
    Ok(rounds.line(what, "the same at rest", "ms", Some(Target::AtMost(3.0))))
}

async fn overload(desk: &Desk, effort: Effort) -> anyhow::Result<[Line; 2]> {
    let (mut goodput, mut refusals) = (Rounds::default(), Rounds::default());
    for _ in 0..effort.rounds {
        let peak = desk.rate(effort, effort.stretch).await?;
        let length = effort.stretch + SETTLING;
        let answers = {
            let desk = desk.clone();
            let sign_in = move |number| {
                let desk = desk.clone();
                async move { desk.sign_in(number).await }
            };
            load::open(OVERLOAD * peak, length, sign_in).await?
        };
        refusals.add(refusal_p99(&answers)?, REFUSED_WITHIN_MS);
        let settled = |at: Duration| at >= SETTLING && at < length;
        let done = answers.iter().filter(|answer| answer.outcome.is_ok() && settled(answer.at)).count();
        goodput.add(done as f64 / effort.stretch.as_secs_f64(), peak);
    }
    Ok([
        goodput.line("SignIn at 5 times its peak", "its peak", "/s", Some(Target::AtLeast(0.8))),
        refusals.line("HASHING_BUSY p99 then", "what a person waits for", "ms", Some(Target::AtMost(1.0))),
    ])
}

fn is_busy(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted && Problem::of(status).reason == "HASHING_BUSY"
}

/// The p99 of refusals, in milliseconds; any other error ends the measurement.
fn refusal_p99(answers: &[Answer<Result<SignInResult, Status>>]) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for answer in answers {
        let Err(status) = &answer.outcome else { continue };
        if !is_busy(status) {
            return Err(status.clone().into());
        }
        times.push(answer.took);
    }
    ensure!(!times.is_empty(), "nothing was refused at {OVERLOAD} times the peak");
    Ok(Sorted::of_times(times).percentile(0.99))
}
