//! Whether a login that exists can be told from one that does not by how long answers take.
//!
//! Twice: of the work behind the grid, where a difference is a debt, and of the answers as they leave, where it would be
//! a hole. Kinds take turns in a random order, so that whatever else the machine does hits all of them alike.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rekey_primitives::entropy::{SystemEntropy, below, uuid_v4};
use rekey_wire::identity::v1::administration_service_client::AdministrationServiceClient;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::{
    BlockSignInRequest, CreateAccountRequest, RequestAdministratorHelpRequest, RequestContext,
    SendResetCodeRequest, SignInRequest, StartPasswordResetRequest,
};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::Status;

use super::Effort;
use super::report::Kind as Row;
use super::statistics::{Sorted, difference};
use super::suite::{Caller, Start, Suite};
use crate::output::Output;
use crate::profile::request_id;

/// The grid as it is by default.
const FLOOR_MS: u64 = 150;

/// Calls at once on the grid, where each mostly waits; few enough that hashing does not queue beyond a slot.
const LANES_ON_GRID: usize = 6;

/// Accounts of a kind. A lockout needs 10 wrong passwords in a row, so no kind but the repeated ones meets it.
const ACCOUNTS: usize = 40;

/// Kinds of login, in the order of the table. All are compared with the first.
const KINDS: [&str; 7] = [
    "known",
    "known, others",
    "unknown",
    "blocked",
    "ineligible",
    "known, the same again",
    "unknown, the same again",
];

/// The RPCs that must not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Start,
    Send,
    Help,
    SignIn,
}

impl Asked {
    const ALL: [Self; 4] = [Self::Start, Self::Send, Self::Help, Self::SignIn];

    const fn name(self) -> &'static str {
        match self {
            Self::Start => "StartPasswordReset",
            Self::Send => "SendResetCode",
            Self::Help => "RequestAdministratorHelp",
            Self::SignIn => "SignIn",
        }
    }
}

/// Logins of every kind.
struct Logins {
    known: Vec<String>,
    others: Vec<String>,
    blocked: Vec<String>,
    ineligible: Vec<String>,
    same: String,
}

impl Logins {
    async fn create(suite: &Suite) -> anyhow::Result<Self> {
        let identity = suite.identity().await?;
        let logins = async |name: &str, count| {
            let people = suite.people(name, count).await?;
            anyhow::Ok(people.into_iter().map(|person| person.login).collect::<Vec<_>>())
        };
        let blocked = suite.people("blocked", ACCOUNTS).await?;
        let mut administration = AdministrationServiceClient::new(identity.channel(0));
        for person in &blocked {
            let request = BlockSignInRequest {
                tenant_id: suite.tenant_id().to_owned(),
                account_id: person.account_id.clone(),
                request_id: request_id(),
                context: None,
            };
            administration.block_sign_in(identity.request(request)).await?;
        }
        let without_methods = |new: &mut CreateAccountRequest| new.email_addresses.clear();
        let ineligible = suite.people_with("ineligible", ACCOUNTS, without_methods).await?;
        Ok(Self {
            known: logins("known", ACCOUNTS).await?,
            others: logins("others", ACCOUNTS).await?,
            blocked: blocked.into_iter().map(|person| person.login).collect(),
            ineligible: ineligible.into_iter().map(|person| person.login).collect(),
            same: logins("same", 1).await?.pop().context("one person was made")?,
        })
    }

    /// The login of a kind for the call with this number.
    fn of(&self, kind: usize, number: usize) -> String {
        let one = |logins: &[String]| logins[number % logins.len()].clone();
        match kind {
            0 => one(&self.known),
            1 => one(&self.others),
            2 => format!("nobody-{}@demo.example", uuid_v4(&SystemEntropy)),
            3 => one(&self.blocked),
            4 => one(&self.ineligible),
            5 => self.same.clone(),
            _ => "nobody@demo.example".to_owned(),
        }
    }
}

/// Somebody who tries logins.
#[derive(Clone)]
struct Prober {
    identity: Caller,
    tenant_id: Arc<str>,
    logins: Arc<Logins>,
}

impl Prober {
    /// How long an RPC takes for a login of this kind.
    async fn time(&self, asked: Asked, kind: usize, number: usize) -> Result<Duration, Status> {
        let login = self.logins.of(kind, number);
        match asked {
            Asked::Start => {
                let began = Instant::now();
                self.start(login, number).await?;
                Ok(began.elapsed())
            }
            Asked::Send => {
                let reset_token = self.start(login, number).await?;
                self.send(reset_token, number).await
            }
            Asked::Help => self.ask_for_help(login, number).await,
            Asked::SignIn => self.sign_in(login, number).await,
        }
    }

    async fn start(&self, login: String, number: usize) -> Result<String, Status> {
        let request = StartPasswordResetRequest {
            tenant_id: self.tenant_id.to_string(),
            login,
            context: Some(context(number)),
        };
        let mut resets = PasswordResetServiceClient::new(self.identity.channel(number));
        Ok(resets.start_password_reset(self.identity.request(request)).await?.into_inner().reset_token)
    }

    async fn send(&self, reset_token: String, number: usize) -> Result<Duration, Status> {
        let request = SendResetCodeRequest {
            reset_token,
            method_id: "1".to_owned(),
            request_id: request_id(),
            context: Some(context(number)),
        };
        let mut resets = PasswordResetServiceClient::new(self.identity.channel(number));
        let began = Instant::now();
        resets.send_reset_code(self.identity.request(request)).await?;
        Ok(began.elapsed())
    }

    async fn ask_for_help(&self, login: String, number: usize) -> Result<Duration, Status> {
        let request = RequestAdministratorHelpRequest {
            tenant_id: self.tenant_id.to_string(),
            login,
            reset_token: String::new(),
            message: "let me in".to_owned(),
            request_id: request_id(),
            context: Some(context(number)),
        };
        let mut resets = PasswordResetServiceClient::new(self.identity.channel(number));
        let began = Instant::now();
        resets.request_administrator_help(self.identity.request(request)).await?;
        Ok(began.elapsed())
    }

    async fn sign_in(&self, login: String, number: usize) -> Result<Duration, Status> {
        let request = SignInRequest {
            tenant_id: self.tenant_id.to_string(),
            login,
            password: format!("wrong {}", uuid_v4(&SystemEntropy)),
            request_id: request_id(),
            context: Some(context(number)),
        };
        let mut sessions = SessionServiceClient::new(self.identity.channel(number));
        let began = Instant::now();
        sessions.sign_in(self.identity.request(request)).await?;
        Ok(began.elapsed())
    }
}

fn context(number: usize) -> RequestContext {
    RequestContext {
        ip_address: format!("192.0.2.{}", number % 250 + 1),
        user_agent: "rekey-bench/1".to_owned(),
        locale: String::new(),
    }
}

/// A table for each RPC, behind the grid and on it.
pub(super) async fn measure(start: &Start, effort: Effort, output: Output) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (floor_ms, lanes, samples) in [(0, 1, effort.samples), (FLOOR_MS, LANES_ON_GRID, effort.samples / 4)]
    {
        let suite = Suite::start(start.clone().unthrottled().answering_on(floor_ms)).await?;
        let prober = Prober {
            identity: suite.identity().await?,
            tenant_id: suite.tenant_id().into(),
            logins: Arc::new(Logins::create(&suite).await?),
        };
        for asked in Asked::ALL {
            output.say(&format!(
                "{} for known, unknown, blocked and ineligible logins, grid {floor_ms} ms …",
                asked.name()
            ));
            rows.extend(compare(&prober, asked, floor_ms, (lanes, samples)).await?);
        }
    }
    Ok(rows)
}

async fn compare(
    prober: &Prober,
    asked: Asked,
    floor_ms: u64,
    (lanes, samples): (usize, usize),
) -> anyhow::Result<Vec<Row>> {
    // The first calls pay for what later ones find warm.
    prober.time(asked, 0, 0).await?;
    let mut running = JoinSet::new();
    for lane in 0..lanes {
        let prober = prober.clone();
        running.spawn(async move {
            let mut times = vec![Vec::new(); KINDS.len()];
            for number in (lane..samples).step_by(lanes) {
                for kind in shuffled() {
                    times[kind].push(prober.time(asked, kind, number).await?);
                }
            }
            Ok::<_, Status>(times)
        });
    }
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); KINDS.len()];
    while let Some(lane) = running.join_next().await {
        let lane = lane?.with_context(|| format!("{} failed", asked.name()))?;
        times.iter_mut().zip(lane).for_each(|(all, some)| all.extend(some));
    }
    let sorted: Vec<Sorted> = times.into_iter().map(Sorted::of_times).collect();
    let row = |(kind, times): (usize, &Sorted)| Row {
        rpc: asked.name(),
        floor_ms,
        kind: KINDS[kind],
        calls: times.len(),
        p50: times.percentile(0.5),
        p90: times.percentile(0.9),
        p99: times.percentile(0.99),
        t: (kind > 0).then(|| difference(times, &sorted[0])),
    };
    Ok(sorted.iter().enumerate().map(row).collect())
}

/// All kinds, in a random order (Fisher and Yates).
fn shuffled() -> [usize; KINDS.len()] {
    let mut kinds = std::array::from_fn(|kind| kind);
    for last in (1..kinds.len()).rev() {
        let other = usize::try_from(below(&SystemEntropy, last as u64 + 1)).unwrap_or(last);
        kinds.swap(last, other);
    }
    kinds
}
