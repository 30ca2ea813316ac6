//! The RPCs: decode, check what the caller may, call intake, encode.
//!
//! Everything malformed is named field by field. A refusal becomes its published reason in `refusal`, in one
//! exhaustive match; what broke is logged there once and says nothing on the wire.

mod decode;
mod encode;
mod refusal;

use rekey_primitives::id::{NotificationId, RequestId, TenantId};
use rekey_runtime::access::Caller;
use rekey_wire::notification::v1::notification_service_server::NotificationService;
use rekey_wire::notification::v1::{
    BatchSendNotificationsRequest, BatchSendNotificationsResponse, CancelNotificationRequest,
    CancelNotificationResponse, GetNotificationRequest, GetNotificationResponse, ListNotificationsRequest,
    ListNotificationsResponse, ReplayNotificationRequest, ReplayNotificationResponse,
    SendNotificationRequest, SendNotificationResponse,
};
use tonic::{Request, Response, Status};

use self::decode::Fields;
use self::refusal::{answer, refuse};
use crate::domain::refusal::{Refusal, Violation};
use crate::domain::scope::TenantScope;
use crate::intake::{Intake, MessageRequest};

/// The service behind its generated trait.
pub(crate) struct NotificationGrpc {
    intake: Intake,
}

impl NotificationGrpc {
    pub(crate) fn new(intake: Intake) -> Self {
        Self { intake }
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
        let (caller, request) = opened(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.id("tenant_id", &request.tenant_id, TenantId::parse);
        let scope = scope(&caller, &mut fields, tenant_id)?;
        let message = self.message(&caller, request).map_err(refuse)?;
        let mut answers = self.intake.accept(scope, &[message]).await.map_err(answer)?;
        let receipt = answers.pop().ok_or_else(|| Status::internal("no answer"))?.map_err(refuse)?;
        Ok(Response::new(encode::receipt(receipt)))
    }

    async fn batch_send_notifications(
        &self,
        request: Request<BatchSendNotificationsRequest>,
    ) -> Result<Response<BatchSendNotificationsResponse>, Status> {
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
        let decoded: Vec<_> = request.requests.into_iter().map(|one| self.message(&caller, one)).collect();
        let messages: Vec<_> = decoded.iter().filter_map(|one| one.as_ref().ok().cloned()).collect();
        let mut answers = self.intake.accept(scope, &messages).await.map_err(answer)?.into_iter();
        let results = decoded.into_iter().map(|one| match one {
            Ok(_) => answers.next().unwrap_or(Err(Refusal::CallerNotAllowed)),
            Err(refusal) => Err(refusal),
        });
        Ok(Response::new(BatchSendNotificationsResponse { results: results.map(encode::result).collect() }))
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
        let notification = self.intake.get(scope, id).await.map_err(answer)?;
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
        let page = self.intake.list(scope, &filter, &request.page_token, page_size).await.map_err(answer)?;
        Ok(Response::new(encode::page(page)))
    }

    async fn cancel_notification(
        &self,
        request: Request<CancelNotificationRequest>,
    ) -> Result<Response<CancelNotificationResponse>, Status> {
        let (caller, request) = opened(request)?;
        let (scope, id, request_id) =
            change(&caller, &request.tenant_id, &request.notification_id, &request.request_id)?;
        let notification = self.intake.cancel(scope, id, request_id).await.map_err(answer)?;
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
        let notification = self.intake.replay(scope, id, request_id).await.map_err(answer)?;
        Ok(Response::new(ReplayNotificationResponse {
            notification: Some(encode::notification(notification)),
        }))
    }
}

impl NotificationGrpc {
    /// Decodes one message and checks that the caller may send it.
    fn message(&self, caller: &Caller, request: SendNotificationRequest) -> Result<MessageRequest, Refusal> {
        let asks_for_not_after = request.message.as_ref().is_some_and(|message| message.not_after.is_some());
        let decoded = decode::message(request, self.intake.link_hosts())?;
        let message = &decoded.message;
        let may = caller.may_use_template(message.template.as_str())
            && caller.may_use_lane(message.lane.as_str())
            && (!asks_for_not_after || caller.may_assert_not_after());
        if may { Ok(decoded) } else { Err(Refusal::CallerNotAllowed) }
    }
}

/// The caller and the message of a request that passed the gate.
fn opened<T>(request: Request<T>) -> Result<(Caller, T), Status> {
    let (_, extensions, message) = request.into_parts();
    // The gate puts the caller in; without it nothing is known, so nothing is allowed.
    let caller = extensions.get::<Caller>().cloned().ok_or_else(|| refuse(Refusal::CallerNotAllowed))?;
    Ok((caller, message))
}

/// The tenant's scope if all fields so far are right and the caller reaches the tenant.
fn scope(caller: &Caller, fields: &mut Fields, tenant_id: Option<TenantId>) -> Result<TenantScope, Status> {
    match tenant_id {
        Some(tenant_id) if fields.are_right() => TenantScope::of(caller.may_reach(tenant_id), tenant_id)
            .ok_or_else(|| refuse(Refusal::CallerNotAllowed)),
        _ => Err(refuse(fields.refusal())),
    }
}

fn change(
    caller: &Caller,
    tenant_id: &str,
    notification_id: &str,
    request_id: &str,
) -> Result<(TenantScope, NotificationId, RequestId), Status> {
    let mut fields = Fields::default();
    let tenant_id = fields.id("tenant_id", tenant_id, TenantId::parse);
    let id = fields.id("notification_id", notification_id, NotificationId::parse);
    let request_id = fields.id("request_id", request_id, RequestId::parse);
    let scope = scope(caller, &mut fields, tenant_id)?;
    match (id, request_id) {
        (Some(id), Some(request_id)) => Ok((scope, id, request_id)),
        _ => Err(refuse(Refusal::FieldsInvalid(vec![Violation::new("request_id", "is not a UUID")]))),
    }
}

#[cfg(test)]
mod tests;
