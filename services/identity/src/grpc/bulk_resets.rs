//! `rekey.identity.v1.BulkResetService`.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, Stream};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use rekey_primitives::login::LOGIN_CHARACTERS;
use rekey_primitives::text::character_count;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::bulk_reset_service_server::BulkResetService;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};
use tonic::{Request, Response, Status};

use super::audit::WatchSettings;
use super::decode::{Asking, Fields};
use super::encode;
use super::refusal::{refused, status};
use crate::administration::{Administration, BulkChunk, BulkTarget, StartBulk};
use crate::domain::bulk_reset::{
    BulkMode, BulkOutcome, BulkResetId, BulkResult, BulkState, CHUNK_MOST, MOST_PER_SECOND, USUAL_PER_SECOND,
};
use crate::domain::refusal::Refusal;
use crate::operation::Administrator;
use crate::views::BulkResetView;

/// How long a stream lasts: with room within the 60 s that no call exceeds.
const LIFE: Duration = Duration::from_secs(50);

/// When a stream of another caller has likely ended.
const PLACE_LIKELY_FREE: Duration = Duration::from_secs(10);

/// Answered by this use case.
#[derive(Clone)]
pub(super) struct BulkResetApi {
    pub(super) administration: Administration,
    pub(super) watching: WatchSettings,
    /// Places of streams.
    pub(super) watchers: Arc<Semaphore>,
}

/// What a watcher reads.
type JobStream = Pin<Box<dyn Stream<Item = Result<wire::WatchBulkResetResponse, Status>> + Send>>;

#[tonic::async_trait]
impl BulkResetService for BulkResetApi {
    async fn start_bulk_reset(
        &self,
        request: Request<wire::StartBulkResetRequest>,
    ) -> Result<Response<wire::StartBulkResetResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let mode = fields.take("mode", mode(sent.mode), "one of the published modes");
        let per_second = fields.per_second(sent.accounts_per_second);
        let filter = match sent.filter {
            Some(filter) => fields.account_filter(Some(filter)).map(Some),
            None => Some(None),
        };
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (start, context) = fields.finish(|| {
            let start = StartBulk {
                tenant_id: tenant_id?,
                mode: mode?,
                dry_run: sent.dry_run,
                per_second: per_second?,
                filter: filter?,
                request_id: request_id?,
            };
            Some((start, context?))
        })?;
        let administrator = asking.administrator(context);
        let job = self.administration.start_bulk_reset(&administrator, start).await.map_err(status)?;
        Ok(Response::new(wire::StartBulkResetResponse { bulk_reset: Some(shown(job)) }))
    }

    async fn add_bulk_reset_accounts(
        &self,
        request: Request<wire::AddBulkResetAccountsRequest>,
    ) -> Result<Response<wire::AddBulkResetAccountsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let target = fields.bulk_target(&sent.tenant_id, &sent.bulk_reset_id, &sent.request_id);
        fields.demand(sent.sequence >= 1, "sequence", "1 or more");
        fields.demand(sent.accounts.len() <= CHUNK_MOST, "accounts", "at most 500 accounts");
        for (index, name) in sent.accounts.iter().take(CHUNK_MOST).enumerate() {
            let length = character_count(name);
            let fits = (1..=LOGIN_CHARACTERS).contains(&length) && !name.contains(char::is_control);
            fields.take(format!("accounts[{index}]"), fits.then_some(()), "an id or a login");
        }
        let context = fields.context(&asking, sent.context);
        let (target, context) = fields.finish(|| Some((target?, context?)))?;
        let chunk = BulkChunk { sequence: sent.sequence, accounts: sent.accounts, is_last: sent.last };
        let administrator = asking.administrator(context);
        let job = self.administration.add_bulk_accounts(&administrator, target, &chunk).await;
        let bulk_reset = Some(shown(job.map_err(status)?));
        Ok(Response::new(wire::AddBulkResetAccountsResponse { bulk_reset }))
    }

    async fn get_bulk_reset(
        &self,
        request: Request<wire::GetBulkResetRequest>,
    ) -> Result<Response<wire::GetBulkResetResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let named = fields.bulk_name(&sent.tenant_id, &sent.bulk_reset_id);
        let context = fields.context(&asking, sent.context);
        let ((tenant_id, id), context) = fields.finish(|| Some((named?, context?)))?;
        let administrator = asking.administrator(context);
        let job = self.administration.bulk_reset(&administrator, tenant_id, id).await.map_err(status)?;
        Ok(Response::new(wire::GetBulkResetResponse { bulk_reset: Some(shown(job)) }))
    }

    async fn list_bulk_resets(
        &self,
        request: Request<wire::ListBulkResetsRequest>,
    ) -> Result<Response<wire::ListBulkResetsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let asked = fields.page(sent.page_size, sent.page_token);
        let context = fields.context(&asking, sent.context);
        let (tenant_id, asked, context) = fields.finish(|| Some((tenant_id?, asked?, context?)))?;
        let administrator = asking.administrator(context);
        let page = self.administration.list_bulk_resets(&administrator, tenant_id, &asked).await;
        let page = page.map_err(status)?;
        Ok(Response::new(wire::ListBulkResetsResponse {
            bulk_resets: page.items.into_iter().map(shown).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    type WatchBulkResetStream = JobStream;

    async fn watch_bulk_reset(
        &self,
        request: Request<wire::WatchBulkResetRequest>,
    ) -> Result<Response<JobStream>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let named = fields.bulk_name(&sent.tenant_id, &sent.bulk_reset_id);
        let context = fields.context(&asking, sent.context);
        let ((tenant_id, id), context) = fields.finish(|| Some((named?, context?)))?;
        let administrator = asking.administrator(context);
        // Refused before the stream begins, as every other call.
        self.administration.bulk_reset(&administrator, tenant_id, id).await.map_err(status)?;
        let place = Arc::clone(&self.watchers).try_acquire_owned();
        let place = place.map_err(|_| refused(&Refusal::WatchersFull { retry_after: PLACE_LIKELY_FREE }))?;
        let now = Instant::now();
        let watching = Watching {
            administration: self.administration.clone(),
            administrator,
            tenant_id,
            id,
            settings: self.watching,
            ends_at: now + LIFE,
            sign_due: now,
            last: None,
        };
        Ok(Response::new(watching.stream(place)))
    }

    async fn list_bulk_reset_results(
        &self,
        request: Request<wire::ListBulkResetResultsRequest>,
    ) -> Result<Response<wire::ListBulkResetResultsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let named = fields.bulk_name(&sent.tenant_id, &sent.bulk_reset_id);
        let asked = fields.page(sent.page_size, sent.page_token);
        let context = fields.context(&asking, sent.context);
        let ((tenant_id, id), asked, context) = fields.finish(|| Some((named?, asked?, context?)))?;
        let administrator = asking.administrator(context);
        let page = self.administration.list_bulk_results(&administrator, tenant_id, id, &asked).await;
        let page = page.map_err(status)?;
        Ok(Response::new(wire::ListBulkResetResultsResponse {
            results: page.items.into_iter().map(result).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn cancel_bulk_reset(
        &self,
        request: Request<wire::CancelBulkResetRequest>,
    ) -> Result<Response<wire::CancelBulkResetResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let target = fields.bulk_target(&sent.tenant_id, &sent.bulk_reset_id, &sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (target, context) = fields.finish(|| Some((target?, context?)))?;
        let administrator = asking.administrator(context);
        let job = self.administration.cancel_bulk_reset(&administrator, target).await.map_err(status)?;
        Ok(Response::new(wire::CancelBulkResetResponse { bulk_reset: Some(shown(job)) }))
    }
}

/// A job that is followed.
struct Watching {
    administration: Administration,
    administrator: Administrator,
    tenant_id: TenantId,
    id: BulkResetId,
    settings: WatchSettings,
    ends_at: Instant,
    /// When to show that the stream lives.
    sign_due: Instant,
    last: Option<BulkResetView>,
}

impl Watching {
    /// The stream, holding its place as long as it lasts.
    fn stream(self, place: OwnedSemaphorePermit) -> JobStream {
        Box::pin(stream::unfold(Some((self, place)), |watching| async move {
            let (mut watching, place): (Self, _) = watching?;
            match watching.next().await.transpose()? {
                Ok(message) => Some((Ok(message), Some((watching, place)))),
                // What ends it is the last that is said.
                Err(status) => Some((Err(status), None)),
            }
        }))
    }

    /// The next message; `None` at the end of its life, or of the job.
    async fn next(&mut self) -> Result<Option<wire::WatchBulkResetResponse>, Status> {
        loop {
            let is_over = self.last.as_ref().is_some_and(|job| !job.is_alive());
            if is_over || Instant::now() >= self.ends_at {
                return Ok(None);
            }
            let job = self.administration.bulk_reset(&self.administrator, self.tenant_id, self.id).await;
            let job = job.map_err(status)?;
            if self.last.as_ref() != Some(&job) || Instant::now() >= self.sign_due {
                self.sign_due = Instant::now() + self.settings.heartbeat;
                self.last = Some(job.clone());
                return Ok(Some(wire::WatchBulkResetResponse { bulk_reset: Some(shown(job)) }));
            }
            sleep(self.settings.poll).await;
        }
    }
}

impl Fields {
    fn bulk_name(&mut self, tenant_id: &str, id: &str) -> Option<(TenantId, BulkResetId)> {
        let tenant_id = self.tenant_id(tenant_id);
        let id = self.take("bulk_reset_id", BulkResetId::parse(id).ok(), "a UUID");
        Some((tenant_id?, id?))
    }

    fn bulk_target(&mut self, tenant_id: &str, id: &str, request_id: &str) -> Option<BulkTarget> {
        let named = self.bulk_name(tenant_id, id);
        let request_id = self.request_id(request_id);
        let (tenant_id, id) = named?;
        Some(BulkTarget { tenant_id, id, request_id: request_id? })
    }

    fn per_second(&mut self, sent: i32) -> Option<u32> {
        let read = u32::try_from(sent).ok().filter(|rate| *rate <= MOST_PER_SECOND);
        let read = read.map(|rate| if rate == 0 { USUAL_PER_SECOND } else { rate });
        self.take("accounts_per_second", read, "at most 500; 0 means 50")
    }
}

fn mode(number: i32) -> Option<BulkMode> {
    match wire::BulkResetMode::try_from(number).ok()? {
        wire::BulkResetMode::Unspecified => None,
        wire::BulkResetMode::Link => Some(BulkMode::Link),
        wire::BulkResetMode::RequireChange => Some(BulkMode::RequireChange),
    }
}

fn shown(job: BulkResetView) -> wire::BulkReset {
    let at = Timestamp::from_unix_micros;
    let mode = match BulkMode::parse(&job.mode) {
        Some(BulkMode::Link) => wire::BulkResetMode::Link,
        Some(BulkMode::RequireChange) => wire::BulkResetMode::RequireChange,
        None => wire::BulkResetMode::Unspecified,
    };
    let state = match BulkState::parse(&job.state) {
        Some(BulkState::Collecting) => wire::BulkResetState::Collecting,
        Some(BulkState::Running) => wire::BulkResetState::Running,
        Some(BulkState::Finished) => wire::BulkResetState::Finished,
        Some(BulkState::Cancelled) => wire::BulkResetState::Cancelled,
        Some(BulkState::Stopped) => wire::BulkResetState::Stopped,
        None => wire::BulkResetState::Unspecified,
    };
    wire::BulkReset {
        bulk_reset_id: job.bulk_reset_id.to_string(),
        mode: mode.into(),
        dry_run: job.dry_run,
        accounts_per_second: encode::count(job.per_second),
        state: state.into(),
        stop_reason: job.stop_reason.map(|word| word.to_ascii_uppercase()).unwrap_or_default(),
        accounts: job.accounts,
        accounts_reset: job.reset,
        accounts_refused: job.refused,
        next_sequence: if job.is_listed { job.next_sequence } else { 0 },
        starter_account_id: job.starter.map(|id| id.to_string()).unwrap_or_default(),
        create_time: encode::moment(at(job.created_at)),
        update_time: encode::moment(at(job.updated_at)),
        end_time: encode::maybe_moment(job.ended_at.map(at)),
    }
}

fn result(result: BulkResult) -> wire::BulkResetResult {
    let outcome = match result.outcome {
        BulkOutcome::Waiting => wire::BulkResetOutcome::Waiting,
        BulkOutcome::Reset => wire::BulkResetOutcome::Reset,
        BulkOutcome::WouldReset => wire::BulkResetOutcome::WouldReset,
        BulkOutcome::Refused => wire::BulkResetOutcome::Refused,
    };
    wire::BulkResetResult {
        number: result.number,
        account_id: result.account_id.map(|id| id.to_string()).unwrap_or_default(),
        login: result.login.unwrap_or_default(),
        outcome: outcome.into(),
        // The names of refusals are those of their reasons: a test holds them to each other.
        refused: result.refused.map(|name| name.to_ascii_uppercase()).unwrap_or_default(),
        finish_time: encode::maybe_moment(result.finished_at),
    }
}
