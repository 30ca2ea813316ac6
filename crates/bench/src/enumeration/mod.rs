//! Whether a login that exists can be told from one that does not by how long answers take.
//!
//! Twice: of the work alone, where a difference is a debt, and of the answers as they leave, on the time grid, where it
//! would be a hole. Kinds take turns in a random order, so that whatever else the machine does hits all of them alike.

mod logins;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rekey_primitives::entropy::{SystemEntropy, uuid_v4};
use rekey_wire::identity::v1::RequestAdministratorHelpRequest;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::{Code, Status};

pub(crate) use self::logins::shuffled_kinds;
use self::logins::{KINDS, Logins};
use crate::arguments::Effort;
use crate::caller::{Caller, context, request_id};
use crate::output::Output;
use crate::report::Kind;
use crate::statistics::{Sorted, difference};
use crate::suite::{Setup, Suite};

/// The RPCs that must not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rpc {
    StartPasswordReset,
    SendResetCode,
    SubmitResetProof,
    EvaluatePassword,
    CompletePasswordReset,
    RequestAdministratorHelp,
    SignIn,
}

impl Rpc {
    const ALL: [Self; 7] = [
        Self::StartPasswordReset,
        Self::SendResetCode,
        Self::SubmitResetProof,
        Self::EvaluatePassword,
        Self::CompletePasswordReset,
        Self::RequestAdministratorHelp,
        Self::SignIn,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::StartPasswordReset => "StartPasswordReset",
            Self::SendResetCode => "SendResetCode",
            Self::SubmitResetProof => "SubmitResetProof",
            Self::EvaluatePassword => "EvaluatePassword",
            Self::CompletePasswordReset => "CompletePasswordReset",
            Self::RequestAdministratorHelp => "RequestAdministratorHelp",
            Self::SignIn => "SignIn",
        }
    }
}

/// How the calls of one table are made.
#[derive(Debug, Clone, Copy)]
struct Sampling {
    /// The time grid that answers leave on; 0 for none.
    floor_ms: u64,
    /// Calls at once.
    lanes: usize,
    /// Calls for each kind of login.
    samples: usize,
}

impl Sampling {
    /// The work alone, one call after the other.
    const fn of_work(effort: Effort) -> Self {
        Self { floor_ms: 0, lanes: 1, samples: effort.samples }
    }

    /// Answers on the default grid, where each call mostly waits; so few at once that hashing does not queue beyond it.
    const fn on_grid(effort: Effort) -> Self {
        Self { floor_ms: 150, lanes: 6, samples: effort.samples / 4 }
    }
}

/// Somebody who tries logins.
#[derive(Clone)]
struct Prober {
    identity: Caller,
    logins: Arc<Logins>,
}

impl Prober {
    /// How long an RPC takes for a login of this kind.
    async fn time(&self, rpc: Rpc, kind: usize, number: usize) -> Result<Duration, Status> {
        let (identity, login) = (&self.identity, self.logins.of(kind, number));
        let began = Instant::now();
        match rpc {
            Rpc::StartPasswordReset => drop(identity.start_reset(login, number).await?),
            Rpc::SendResetCode => {
                let reset_token = identity.start_reset(login, number).await?.reset_token;
                let began = Instant::now();
                identity.send_code(reset_token, number).await?;
                return Ok(began.elapsed());
            }
            Rpc::SubmitResetProof => {
                let reset_token = identity.start_reset(login, number).await?.reset_token;
                identity.send_code(reset_token.clone(), number).await?;
                let began = Instant::now();
                identity.prove(reset_token, "not the code".to_owned(), number).await?;
                return Ok(began.elapsed());
            }
            Rpc::EvaluatePassword | Rpc::CompletePasswordReset => {
                let reset_token = identity.start_reset(login, number).await?.reset_token;
                let began = Instant::now();
                let answer = match rpc {
                    Rpc::EvaluatePassword => identity.evaluate(reset_token, number).await,
                    _ => identity.complete(reset_token, number).await,
                };
                let elapsed = began.elapsed();
                return refused_for_its_proofs(answer).map(|()| elapsed);
            }
            Rpc::RequestAdministratorHelp => self.ask_for_help(login, number).await?,
            Rpc::SignIn => {
                let wrong = format!("wrong {}", uuid_v4(&SystemEntropy));
                drop(identity.sign_in(login, wrong, number).await?);
            }
        }
        Ok(began.elapsed())
    }

    async fn ask_for_help(&self, login: String, number: usize) -> Result<(), Status> {
        let request = RequestAdministratorHelpRequest {
            tenant_id: self.identity.tenant_id(),
            login,
            reset_token: String::new(),
            message: "let me in".to_owned(),
            request_id: request_id(),
            context: Some(context(number)),
        };
        let mut resets = PasswordResetServiceClient::new(self.identity.channel(number));
        resets.request_administrator_help(self.identity.request(request)).await.map(drop)
    }
}

/// Without proofs there is but one answer.
fn refused_for_its_proofs(answer: Result<(), Status>) -> Result<(), Status> {
    match answer {
        Err(status) if status.code() == Code::FailedPrecondition => Ok(()),
        Ok(()) => Err(Status::internal("a reset without proofs was let through")),
        Err(status) => Err(status),
    }
}

/// A table for each RPC, of the work alone and on the grid.
pub(crate) async fn measure(setup: &Setup, effort: Effort, output: Output) -> anyhow::Result<Vec<Kind>> {
    let mut rows = Vec::new();
    for sampling in [Sampling::of_work(effort), Sampling::on_grid(effort)] {
        let suite = Suite::start(setup.unlimited(sampling.floor_ms)).await?;
        let prober =
            Prober { identity: suite.identity().await?, logins: Arc::new(Logins::create(&suite).await?) };
        for rpc in Rpc::ALL {
            output.say(&format!(
                "{} for known, unknown, blocked and ineligible logins, grid {} ms …",
                rpc.name(),
                sampling.floor_ms
            ));
            rows.extend(compare(&prober, rpc, sampling).await?);
        }
    }
    Ok(rows)
}

async fn compare(prober: &Prober, rpc: Rpc, sampling: Sampling) -> anyhow::Result<Vec<Kind>> {
    // The first calls pay for what later ones find warm.
    prober.time(rpc, 0, 0).await?;
    let mut running = JoinSet::new();
    for lane in 0..sampling.lanes {
        let prober = prober.clone();
        running.spawn(async move {
            let mut times = vec![Vec::new(); KINDS.len()];
            for number in (lane..sampling.samples).step_by(sampling.lanes) {
                for kind in shuffled_kinds::<{ KINDS.len() }>() {
                    times[kind].push(prober.time(rpc, kind, number).await?);
                }
            }
            Ok::<_, Status>(times)
        });
    }
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); KINDS.len()];
    while let Some(lane) = running.join_next().await {
        let lane = lane?.with_context(|| format!("{} failed", rpc.name()))?;
        times.iter_mut().zip(lane).for_each(|(all, some)| all.extend(some));
    }
    Ok(beside_the_first(rpc.name(), sampling.floor_ms, KINDS.into_iter().zip(times)))
}

/// How each kind was answered, and how far from the first.
pub(crate) fn beside_the_first(
    rpc: &'static str,
    floor_ms: u64,
    kinds: impl IntoIterator<Item = (&'static str, Vec<Duration>)>,
) -> Vec<Kind> {
    let sorted: Vec<(&'static str, Sorted)> =
        kinds.into_iter().map(|(kind, times)| (kind, Sorted::of_times(times))).collect();
    let row = |(place, (kind, times)): (usize, &(&'static str, Sorted))| Kind {
        rpc,
        floor_ms,
        kind,
        calls: times.len(),
        p50: times.percentile(0.5),
        p90: times.percentile(0.9),
        p99: times.percentile(0.99),
        t: (place > 0).then(|| difference(times, &sorted[0].1)),
    };
    sorted.iter().enumerate().map(row).collect()
}
