//! The machine's limits as such: hashes, rows, scripts and empty calls in a second, each by itself and with nothing beside it.

use anyhow::Context as _;
use redis::aio::ConnectionManager;
use rekey_primitives::id::TenantId;
use rekey_wire::identity::v1::{CheckAccessTokenRequest, CheckAccessTokenResponse};
use serde::Serialize;

use super::echo::{Call, Echo, Work};
use super::script::Script;
use super::{argon2, rows};
use crate::arguments::Effort;
use crate::load;
use crate::suite::Suite;
use crate::workload::code_checks::CodeChecks;

/// Calls at once; more bring no more.
const AT_ONCE: usize = 64;

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    Hashes,
    Rows,
    Scripts,
    Echo,
}

/// All of them, in a second.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct MachineLimits {
    /// Argon2id at the suite's cost, on every core.
    pub(crate) hashes: f64,
    /// Reads of one row by its key.
    pub(crate) rows: f64,
    /// Runs of the script that checks a code; none without Redis.
    pub(crate) scripts: Option<f64>,
    /// Calls of a gRPC server that does nothing.
    pub(crate) echo: f64,
}

/// The call that is answered with nothing.
#[derive(Clone)]
struct CheckToken;

impl Call for CheckToken {
    const SERVICE: &'static str = "rekey.identity.v1.SessionService";
    type Question = CheckAccessTokenRequest;
    type Answer = CheckAccessTokenResponse;
}

impl MachineLimits {
    /// Measures them beside a suite that nobody asks anything.
    pub(crate) async fn measure(suite: &Suite, effort: Effort) -> anyhow::Result<Self> {
        let tenant = TenantId::parse(suite.tenant_id())?.as_uuid();
        let read = rows::reads(suite.stores.identity_database(), tenant, 1).await?;
        let scripts = match suite.stores.redis() {
            Some(url) => Some(rate(script(suite, &url).await?, effort).await?),
            None => None,
        };
        Ok(Self {
            hashes: argon2::rate(suite.hash_cost()?, effort.cores, effort.stretch).await?,
            rows: rate(read, effort).await?,
            scripts,
            echo: echo(suite, effort).await?,
        })
    }

    /// What a limit is called, and the limit. Without Redis a check of a code has the limit of a call.
    pub(crate) fn of(&self, limit: Limit) -> (&'static str, f64) {
        match (limit, self.scripts) {
            (Limit::Hashes, _) => ("hashes", self.hashes),
            (Limit::Rows, _) => ("rows", self.rows),
            (Limit::Scripts, Some(scripts)) => ("scripts", scripts),
            (Limit::Scripts, None) | (Limit::Echo, _) => ("empty calls", self.echo),
        }
    }
}

/// How often a second some work is done.
async fn rate(work: Work, effort: Effort) -> anyhow::Result<f64> {
    let call = move |_| {
        let doing = work();
        async move { Ok(doing.await?) }
    };
    load::closed(AT_ONCE, effort.stretch, call).await
}

/// The script of a check, as Redis saw it.
async fn script(suite: &Suite, url: &str) -> anyhow::Result<Work> {
    let redis = ConnectionManager::new(redis::Client::open(url)?).await.context("cannot reach Redis")?;
    let checks = CodeChecks::prepare(suite, redis.clone()).await?;
    Ok(Script::of_check(&checks, url).await?.work(redis))
}

async fn echo(suite: &Suite, effort: Effort) -> anyhow::Result<f64> {
    let nothing: Work = std::sync::Arc::new(|| Box::pin(async { Ok(()) }));
    let echo = Echo::start::<CheckToken>(CheckAccessTokenResponse::default(), nothing).await?;
    let bare = suite.identity().await?.to_bare(echo.address).await?;
    let call = move |number| {
        let bare = bare.clone();
        async move { Ok(bare.check_access_token(String::new(), number).await?) }
    };
    load::closed(AT_ONCE, effort.stretch, call).await
}
