//! `rekey.identity.v1.AuditService`.

pub(super) mod messages;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::audit_service_server::AuditService;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::encode;
use super::refusal::{refused, status};
use crate::audit_log::{AuditLog, WatchFrom};
use crate::domain::refusal::Refusal;
use stream::{EventStream, Watching};

/// When a stream of another caller has likely ended.
const PLACE_LIKELY_FREE: Duration = Duration::from_secs(10);

/// Answered by this use case.
#[derive(Clone)]
pub(super) struct AuditApi {
    pub(super) log: AuditLog,
    pub(super) watching: WatchSettings,
    /// Places of streams.
    pub(super) watchers: Arc<Semaphore>,
}

/// How streams look for events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WatchSettings {
    pub(crate) poll: Duration,
    pub(crate) heartbeat: Duration,
    /// Most streams at once.
    pub(crate) watchers: usize,
}

#[tonic::async_trait]
impl AuditService for AuditApi {
    async fn list_events(
        &self,
        request: Request<wire::ListEventsRequest>,
    ) -> Result<Response<wire::ListEventsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let filter = messages::filter(&mut fields, sent.filter);
        let asked = fields.page(sent.page_size, sent.page_token);
        let context = fields.context(&asking, sent.context);
        let read = fields.finish(|| Some((tenant_id?, filter?, asked?, context?)))?;
        let (tenant_id, filter, asked, context) = read;
        let administrator = asking.administrator(context);
        let page = self.log.list(&administrator, tenant_id, &filter, &asked).await.map_err(status)?;
        Ok(Response::new(wire::ListEventsResponse {
            events: page.items.into_iter().map(messages::event).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    type WatchEventsStream = EventStream;

    async fn watch_events(
        &self,
        request: Request<wire::WatchEventsRequest>,
    ) -> Result<Response<EventStream>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let filter = messages::filter(&mut fields, sent.filter);
        let token = fields.optional_token("resume_token", sent.resume_token);
        let context = fields.context(&asking, sent.context);
        let read = fields.finish(|| Some((tenant_id?, filter?, token?, context?)))?;
        let (tenant_id, filter, token, context) = read;
        let from = match token {
            Some(token) => WatchFrom::Token(token),
            None if sent.from_beginning => WatchFrom::Beginning,
            None => WatchFrom::Now,
        };
        let administrator = asking.administrator(context);
        let watch = self.log.watch(&administrator, tenant_id, filter, &from).await.map_err(status)?;
        let place = Arc::clone(&self.watchers).try_acquire_owned();
        let place = place.map_err(|_| refused(&Refusal::WatchersFull { retry_after: PLACE_LIKELY_FREE }))?;
        let (log, settings) = (self.log.clone(), self.watching);
        Ok(Response::new(Watching::begin(log, administrator, watch, settings).stream(place)))
    }

    async fn verify_audit(
        &self,
        request: Request<wire::VerifyAuditRequest>,
    ) -> Result<Response<wire::VerifyAuditResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let token = fields.optional_token("page_token", sent.page_token);
        let context = fields.context(&asking, sent.context);
        let (tenant_id, token, context) = fields.finish(|| Some((tenant_id?, token?, context?)))?;
        let administrator = asking.administrator(context);
        let verified = self.log.verify(&administrator, tenant_id, token.as_ref()).await.map_err(status)?;
        Ok(Response::new(messages::verified(verified)))
    }

    async fn get_reset_funnel(
        &self,
        request: Request<wire::GetResetFunnelRequest>,
    ) -> Result<Response<wire::GetResetFunnelResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let span = messages::span(&mut fields, &sent);
        let context = fields.context(&asking, sent.context);
        let (tenant_id, span, context) = fields.finish(|| Some((tenant_id?, span?, context?)))?;
        let administrator = asking.administrator(context);
        let counts = self.log.reset_funnel(&administrator, tenant_id, &span).await.map_err(status)?;
        Ok(Response::new(messages::funnel(&span, &counts)))
    }
}
