//! The RPCs: decode, check what the caller may, call intake, encode.
//!
//! Everything malformed is named field by field. A refusal becomes its published reason in `refusal`, in one
//! exhaustive match; what broke is logged there once and says nothing on the wire.

mod decode;
mod encode;
mod providers;
mod refusal;
mod suppressions;
mod templates;
mod watch;

use std::sync::Arc;

use rekey_primitives::id::{NotificationId, RequestId, TenantId};
use rekey_runtime::TraceId;
use rekey_runtime::access::Caller;
use rekey_wire::notification::v1::notification_service_server::NotificationService;
use rekey_wire::notification::v1::{
    BatchSendNotificationsRequest, BatchSendNotificationsResponse, CancelNotificationRequest,
    CancelNotificationResponse, GetNotificationRequest, GetNotificationResponse, ListNotificationsRequest,
    ListNotificationsResponse, OutgoingMessage, ReplayNotificationRequest, ReplayNotificationResponse,
    SendNotificationRequest, SendNotificationResponse, WatchNotificationsRequest,
};
use tonic::{Request, Response, Status};

use self::decode::Fields;
pub(crate) use self::providers::{ListProviders, ProviderGrpc};
use self::refusal::{answer, refuse};
pub(crate) use self::suppressions::SuppressionGrpc;
pub(crate) use self::templates::TemplateGrpc;
pub(crate) use self::watch::WatchSettings;
use self::watch::{ChangeStream, Watchers};
use crate::domain::lane::Lane;
use crate::domain::refusal::{MissingRight, Refusal};
use crate::domain::scope::{CallerRights, CallerScope};
use crate::domain::trace::TraceContext;
use crate::intake::{Intake, MessageRequest};

/// The service behind its generated trait.
pub(crate) struct NotificationGrpc {
    intake: Arc<Intake>,
    watchers: Watchers,
}

impl NotificationGrpc {
    pub(crate) fn new(intake: Intake, watching: WatchSettings) -> Self {
        Self { intake: Arc::new(intake), watchers: Watchers::new(watching) }
    }
}

/// The most messages of one batch.
const BATCH: usize = 100;

#[tonic::async_trait]
impl NotificationService for NotificationGrpc {
    async fn send_notification(
        &self,
        request: Request<SendNotificationRequest>,
    ) -> Result<Response<SendNotificationResponse>, Status> {
        let trace = trace_of(&request);
        let (caller, request) = opened(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.id("tenant_id", &request.tenant_id, TenantId::parse);
        let message = self.message(&caller, &mut fields, request).map_err(refuse)?;
        let scope = scope(&caller, &mut fields, tenant_id)?;
        let message = message.ok_or_else(|| refuse(fields.refusal()))?;
        let message = MessageRequest { trace, ..message };
        let mut answers = self.intake.accept(&scope, &[message]).await.map_err(answer)?;
        let receipt = answers.pop().ok_or_else(|| Status::internal("no answer"))?.map_err(refuse)?;
        Ok(Response::new(encode::receipt(receipt)))
    }

    async fn batch_send_notifications(
        &self,
        request: Request<BatchSendNotificationsRequest>,
    ) -> Result<Response<BatchSendNotificationsResponse>, Status> {
        let trace = trace_of(&request);
        let (caller, request) = opened(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.id("tenant_id", &request.tenant_id, TenantId::parse);
        fields.check(
            (1..=BATCH).contains(&request.requests.len()),
            "requests",
            "must hold 1 to 100 messages",
        );
        for (place, one) in request.requests.iter().enumerate() {
            let agrees = one.tenant_id.is_empty() || one.tenant_id == request.tenant_id;
            fields.check(agrees, &format!("requests[{place}].tenant_id"), "is not the tenant of the batch");
        }
        let scope = scope(&caller, &mut fields, tenant_id)?;
        let decode = |(place, one)| -> Result<MessageRequest, Refusal> {
            let mut fields = Fields::of_batch(place);
            let message = self.message(&caller, &mut fields, one)?.ok_or_else(|| fields.refusal())?;
            Ok(MessageRequest { trace, ..message })
        };
        let decoded: Vec<_> = request.requests.into_iter().enumerate().map(decode).collect();
        let messages: Vec<_> = decoded.iter().filter_map(|one| one.as_ref().ok().cloned()).collect();
        let mut answers = self.intake.accept(&scope, &messages).await.map_err(answer)?.into_iter();
        let mut results = Vec::with_capacity(decoded.len());
        for one in decoded {
            let answer = match one {
                Ok(_) => answers.next().ok_or_else(|| Status::internal("no answer"))?,
                Err(refusal) => Err(refusal),
            };
            results.push(encode::result(answer));
        }
        Ok(Response::new(BatchSendNotificationsResponse { results }))
    }

    async fn get_notification(
        &self,
        request: Request<GetNotificationRequest>,
    ) -> Result<Response<GetNotificationResponse>, Status> {
        let (caller, request) = opened(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.id("tenant_id", &request.tenant_id, TenantId::parse);
        let id = fields.id("notification_id", &request.notification_id, NotificationId::parse);
        let scope = scope(&caller, &mut fields, tenant_id)?;
        let id = id.ok_or_else(|| refuse(fields.refusal()))?;
        let notification = self.intake.get(&scope, id).await.map_err(answer)?;
        Ok(Response::new(GetNotificationResponse { notification: Some(encode::notification(notification)) }))
    }

    async fn list_notifications(
        &self,
        request: Request<ListNotificationsRequest>,
    ) -> Result<Response<ListNotificationsResponse>, Status> {
        let (caller, request) = opened(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.id("tenant_id", &request.tenant_id, TenantId::parse);
        let filter = decode::filter(&mut fields, &request);
        let page_size = decode::page_size(&mut fields, request.page_size);
        let scope = scope(&caller, &mut fields, tenant_id)?;
        if filter.lane.is_some_and(|lane| !caller.may_use_lane(lane.as_str())) {
            return Err(refuse(Refusal::CallerNotAllowed(MissingRight::Lane)));
        }
        let page = self.intake.list(&scope, &filter, &request.page_token, page_size).await.map_err(answer)?;
        Ok(Response::new(encode::page(page)))
    }

    async fn cancel_notification(
        &self,
        request: Request<CancelNotificationRequest>,
    ) -> Result<Response<CancelNotificationResponse>, Status> {
        let (caller, request) = opened(request)?;
        let (scope, id, request_id) =
            change(&caller, &request.tenant_id, &request.notification_id, &request.request_id)?;
        let notification = self.intake.cancel(&scope, id, request_id).await.map_err(answer)?;
        Ok(Response::new(CancelNotificationResponse {
            notification: Some(encode::notification(notification)),
        }))
    }

    async fn replay_notification(
        &self,
        request: Request<ReplayNotificationRequest>,
    ) -> Result<Response<ReplayNotificationResponse>, Status> {
        let (caller, request) = opened(request)?;
        let (scope, id, request_id) =
            change(&caller, &request.tenant_id, &request.notification_id, &request.request_id)?;
        let notification = self.intake.replay(&scope, id, request_id).await.map_err(answer)?;
        Ok(Response::new(ReplayNotificationResponse {
            notification: Some(encode::notification(notification)),
        }))
    }

    type WatchNotificationsStream = ChangeStream;

    async fn watch_notifications(
        &self,
        request: Request<WatchNotificationsRequest>,
    ) -> Result<Response<ChangeStream>, Status> {
        let (caller, request) = opened(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.id("tenant_id", &request.tenant_id, TenantId::parse);
        let filter = decode::change_filter(&mut fields, &request);
        let scope = scope(&caller, &mut fields, tenant_id)?;
        let place = self.watchers.place()?;
        let watch = self.intake.watch(scope, filter, &request.resume_token).await.map_err(answer)?;
        Ok(Response::new(self.watchers.stream(Arc::clone(&self.intake), watch, place)))
    }
}

impl NotificationGrpc {
    /// Checks that the caller may send such a message, and decodes it; what is wrong with its fields is noted. Permission
    /// comes first, so that nobody learns from a refusal which templates there are.
    fn message(
        &self,
        caller: &Caller,
        fields: &mut Fields,
        request: SendNotificationRequest,
    ) -> Result<Option<MessageRequest>, Refusal> {
        let missing = request.message.as_ref().and_then(|message| missing_right(caller, message));
        match missing {
            Some(missing) => Err(Refusal::CallerNotAllowed(missing)),
            None => Ok(decode::message(fields, request, self.intake.link_hosts())),
        }
    }
}

/// What the caller's entry lacks for such a message. An event has no template, so it takes a caller that may use any; what is told
/// of a delivery is an event of the transactional lane.
fn missing_right(caller: &Caller, message: &OutgoingMessage) -> Option<MissingRight> {
    let template = message.template.as_str();
    let told_of_step = message.fallbacks.iter().any(|step| step.delivery_event.is_some());
    let is_told = message.delivery_event.is_some() || told_of_step;
    let sends_event = is_told || !message.event.is_empty();
    let is_beyond = !template.is_empty() && !caller.may_use_template(template);
    let lanes = [decode::lane(message.lane), is_told.then_some(Lane::Transactional)];
    if (sends_event && caller.templates().is_some()) || is_beyond {
        Some(MissingRight::Template)
    } else if lanes.into_iter().flatten().any(|lane| !caller.may_use_lane(lane.as_str())) {
        Some(MissingRight::Lane)
    } else if message.not_after_time.is_some() && !caller.may_assert_not_after() {
        Some(MissingRight::NotAfter)
    } else {
        None
    }
}

/// Which call this is, as the server in front of us has named it.
fn trace_of<T>(request: &Request<T>) -> Option<TraceContext> {
    let trace = request.extensions().get::<TraceId>()?;
    Some(TraceContext { trace_id: trace.bytes()?, span_id: trace.recorded_span() })
}

/// The caller and the message of a request that passed the gate.
fn opened<T>(request: Request<T>) -> Result<(Caller, T), Status> {
    let (_, extensions, message) = request.into_parts();
    // The gate puts the caller in; without it nothing is known, so nothing is allowed.
    let caller = extensions
        .get::<Caller>()
        .cloned()
        .ok_or_else(|| refuse(Refusal::CallerNotAllowed(MissingRight::Entry)));
    Ok((caller?, message))
}

/// The caller's scope if all fields so far are right and the caller reaches the tenant.
fn scope(caller: &Caller, fields: &mut Fields, tenant_id: Option<TenantId>) -> Result<CallerScope, Status> {
    let Some(tenant_id) = tenant_id else { return Err(refuse(fields.refusal())) };
    let rights = CallerRights {
        caller: caller.name().to_owned(),
        senders: caller.senders(),
        templates: caller.templates(),
        lanes: Lane::ALL.iter().copied().filter(|lane| caller.may_use_lane(lane.as_str())).collect(),
    };
    let scope = CallerScope::of(caller.may_reach(tenant_id), tenant_id, rights)
        .ok_or_else(|| refuse(Refusal::CallerNotAllowed(MissingRight::Tenant)))?;
    if fields.are_right() { Ok(scope) } else { Err(refuse(fields.refusal())) }
}

fn change(
    caller: &Caller,
    tenant_id: &str,
    notification_id: &str,
    request_id: &str,
) -> Result<(CallerScope, NotificationId, RequestId), Status> {
    let mut fields = Fields::default();
    let tenant_id = fields.id("tenant_id", tenant_id, TenantId::parse);
    let id = fields.id("notification_id", notification_id, NotificationId::parse);
    let request_id = fields.id("request_id", request_id, RequestId::parse);
    let scope = scope(caller, &mut fields, tenant_id)?;
    match (id, request_id) {
        (Some(id), Some(request_id)) => Ok((scope, id, request_id)),
        _ => Err(refuse(fields.refusal())),
    }
}

#[cfg(test)]
mod tests;
