//! Sign-ins with right passwords, and checks of the access tokens that they give.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{bail, ensure};
use rekey_client::Problem;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use tonic::{Code, Status};

use crate::arguments::Effort;
use crate::caller::Caller;
use crate::histogram::Latencies;
use crate::load::{self, Arrivals, Spacing};
use crate::suite::{Person, Suite};

/// Checks of an access token a second: enough for a p99, few enough to leave the cores to hashing.
const CHECKS_PER_SECOND: f64 = 500.0;

/// How soon a refused one comes back.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// People who sign in.
#[derive(Clone)]
pub(crate) struct SignIns {
    identity: Caller,
    people: Arc<[Person]>,
}

impl SignIns {
    pub(crate) async fn prepare(suite: &Suite, effort: Effort) -> anyhow::Result<Self> {
        let people = suite.people("bench", effort.sign_ins_at_once.min(200)).await?.into();
        Ok(Self { identity: suite.identity().await?, people })
    }

    /// Signs somebody in, always from the same place.
    pub(crate) async fn sign_in(&self, number: usize) -> Result<SignInResult, Status> {
        let number = number % self.people.len();
        let Person { login, password, .. } = self.people[number].clone();
        self.identity.sign_in(login, password, number).await
    }

    /// Signs in as fast as it goes; how many a second.
    pub(crate) async fn rate(&self, effort: Effort, length: Duration) -> anyhow::Result<f64> {
        let sign_ins = self.clone();
        let sign_in = move |number| {
            let sign_ins = sign_ins.clone();
            async move {
                let result = loop {
                    match sign_ins.sign_in(number).await {
                        // Refused on a machine that somebody else keeps busy; whoever waits comes back.
                        Err(status) if is_busy(&status) => tokio::time::sleep(BUSY_PAUSE).await,
                        answer => break answer?,
                    }
                };
                ensure!(matches!(result, SignInResult::Tokens(_)), "a right password did not sign in");
                Ok(())
            }
        };
        load::closed(effort.sign_ins_at_once, length, sign_in).await
    }

    /// The access token of a session.
    pub(crate) async fn access_token(&self) -> anyhow::Result<String> {
        let SignInResult::Tokens(tokens) = self.sign_in(0).await? else { bail!("nobody could sign in") };
        Ok(tokens.access_token)
    }

    /// How long checks of an access token take: calls that read the store and do not hash.
    pub(crate) async fn token_checks(
        &self,
        access_token: &str,
        length: Duration,
    ) -> anyhow::Result<Latencies> {
        let (identity, access_token) = (self.identity.clone(), access_token.to_owned());
        let check = move |number| {
            let (identity, access_token) = (identity.clone(), access_token.clone());
            async move { identity.check_access_token(access_token, number).await }
        };
        let even = Arrivals { per_second: CHECKS_PER_SECOND, length, spacing: Spacing::Even, seed: 0 };
        let answers = load::open(even.due(), check).await?;
        let failed = answers.iter().find_map(|answer| answer.outcome.as_ref().err());
        if let Some(status) = failed {
            return Err(status.clone().into());
        }
        Ok(Latencies::of(answers.iter().map(|answer| answer.took)))
    }
}

/// Whether there was no room to hash.
fn is_busy(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted && Problem::of(status).reason == "HASHING_BUSY"
}
