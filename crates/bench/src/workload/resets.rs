//! Starts of resets, and codes sent in them.

use std::sync::Arc;

use rekey_wire::identity::v1::{StartPasswordResetRequest, StartPasswordResetResponse};
use tonic::Status;

use crate::arguments::Effort;
use crate::caller::Caller;
use crate::limits::echo::Call;
use crate::load;
use crate::suite::{Person, Suite};

/// Starts at once.
const STARTS_AT_ONCE: usize = 64;

/// Codes that are sent at once.
const SENDS_AT_ONCE: usize = 16;

const PEOPLE: usize = 16;

/// The call, for a bare server.
#[derive(Clone)]
pub(crate) struct StartReset;

impl Call for StartReset {
    const SERVICE: &'static str = "rekey.identity.v1.PasswordResetService";
    type Question = StartPasswordResetRequest;
    type Answer = StartPasswordResetResponse;
}

/// People who forgot their passwords.
#[derive(Clone)]
pub(crate) struct Resets {
    pub(crate) identity: Caller,
    people: Arc<[Person]>,
}

impl Resets {
    pub(crate) async fn prepare(suite: &Suite) -> anyhow::Result<Self> {
        let people = suite.people("forgetful", PEOPLE).await?.into();
        Ok(Self { identity: suite.identity().await?, people })
    }

    pub(crate) async fn start(
        &self,
        server: &Caller,
        number: usize,
    ) -> Result<StartPasswordResetResponse, Status> {
        server.start_reset(self.people[number % self.people.len()].login.clone(), number).await
    }

    /// Starts resets at a server as fast as it goes; how many a second.
    pub(crate) async fn start_rate(&self, server: &Caller, effort: Effort) -> anyhow::Result<f64> {
        let (resets, server) = (self.clone(), server.clone());
        let start = move |number| {
            let (resets, server) = (resets.clone(), server.clone());
            async move { Ok(resets.start(&server, number).await.map(drop)?) }
        };
        load::closed(STARTS_AT_ONCE, effort.stretch, start).await
    }

    /// Starts resets and sends a code in each as fast as it goes; how many a second.
    pub(crate) async fn send_rate(&self, effort: Effort) -> anyhow::Result<f64> {
        let resets = self.clone();
        let send = move |number| {
            let resets = resets.clone();
            async move {
                let started = resets.start(&resets.identity, number).await?;
                Ok(resets.identity.send_code(started.reset_token, number).await?)
            }
        };
        load::closed(SENDS_AT_ONCE, effort.stretch, send).await
    }
}
