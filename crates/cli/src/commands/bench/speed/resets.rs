//! Starts of resets without the grid, beside a bare server that reads the same database as often.

use std::sync::Arc;

use rekey_primitives::id::TenantId;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use rekey_wire::identity::v1::{RequestContext, StartPasswordResetRequest, StartPasswordResetResponse};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions as _, SqlitePool};
use tonic::Status;
use uuid::Uuid;

use super::super::Effort;
use super::super::limits::echo::{Call, Echo, Work};
use super::super::load;
use super::super::report::{Line, Rounds, Target};
use super::super::suite::{Caller, Person, Start, Suite};

/// Calls at once.
const IN_FLIGHT: usize = 64;

/// Reads of a start for a known login: tenant with policy and account, familiar place, seat, groups.
const READS: usize = 4;

/// Connections that read, as identity's SQLite store has them.
const READERS: u32 = 4;

#[derive(Clone)]
struct StartReset;

impl Call for StartReset {
    const SERVICE: &'static str = "rekey.identity.v1.PasswordResetService";
    type Question = StartPasswordResetRequest;
    type Answer = StartPasswordResetResponse;
}

/// People who forgot their passwords.
#[derive(Clone)]
struct Desk {
    tenant_id: Arc<str>,
    people: Arc<[Person]>,
}

impl Desk {
    async fn start(&self, server: &Caller, number: usize) -> Result<StartPasswordResetResponse, Status> {
        let request = StartPasswordResetRequest {
            tenant_id: self.tenant_id.to_string(),
            login: self.people[number % self.people.len()].login.clone(),
            context: Some(RequestContext {
                ip_address: format!("192.0.2.{}", number % 250 + 1),
                user_agent: "rekey-bench/1".to_owned(),
                locale: String::new(),
            }),
        };
        let mut client = PasswordResetServiceClient::new(server.channel(number));
        Ok(client.start_password_reset(server.request(request)).await?.into_inner())
    }

    async fn rate(&self, server: &Caller, effort: Effort) -> anyhow::Result<f64> {
        let (desk, server) = (self.clone(), server.clone());
        let start = move |number| {
            let (desk, server) = (desk.clone(), server.clone());
            async move { Ok(desk.start(&server, number).await.map(drop)?) }
        };
        load::closed(IN_FLIGHT, effort.stretch, start).await
    }
}

/// The one line.
pub(super) async fn measure(start: &Start, effort: Effort) -> anyhow::Result<Vec<Line>> {
    let suite = Suite::start(start.clone().unthrottled().answering_on(0)).await?;
    let server = suite.identity().await?;
    let people = suite.people("bench", 16).await?.into();
    let desk = Desk { tenant_id: suite.tenant_id().into(), people };
    let answer = desk.start(&server, 0).await?;
    let echo = Echo::start::<StartReset>(answer, reads(&suite).await?).await?;
    let bare = Caller::connect(echo.address, None).await?;
    let mut rounds = Rounds::default();
    for _ in 0..effort.rounds {
        let limit = desk.rate(&bare, effort).await?;
        rounds.add(desk.rate(&server, effort).await?, limit);
    }
    let beside = "bare gRPC, as many SQLite reads";
    Ok(vec![rounds.line("StartPasswordReset, no grid", beside, "/s", Some(Target::AtLeast(0.5)))])
}

/// The same number of reads of the same file, each of one row by its key.
async fn reads(suite: &Suite) -> anyhow::Result<Work> {
    let options = SqliteConnectOptions::new()
        .filename(suite.identity_database())
        .read_only(true)
        .log_statements(tracing::log::LevelFilter::Off);
    let pool = SqlitePoolOptions::new()
        .max_connections(READERS)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await?;
    let tenant = TenantId::parse(suite.tenant_id())?.as_uuid();
    Ok(Arc::new(move || {
        let pool = pool.clone();
        Box::pin(async move {
            let read = read(&pool, tenant).await;
            read.map_err(|error| Status::unavailable(error.to_string()))
        })
    }))
}

async fn read(pool: &SqlitePool, tenant: Uuid) -> sqlx::Result<()> {
    for _ in 0..READS {
        let row = sqlx::query_as::<_, (String,)>("select handle from tenants where tenant_id = $1");
        row.bind(tenant).fetch_one(pool).await?;
    }
    Ok(())
}
