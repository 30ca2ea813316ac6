//! The RPCs on addresses that get no messages: decode, call the list, encode.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{RequestId, TenantId};
use rekey_wire::notification::v1 as wire;
use rekey_wire::notification::v1::suppression_service_server::SuppressionService;
use rekey_wire::time;
use tonic::{Request, Response, Status};

use super::decode::{self, Fields};
use super::encode::instant;
use super::refusal::{answer, refuse};
use super::{opened, scope};
use crate::domain::destination::{Channel, Destination};
use crate::domain::lane::Lane;
use crate::domain::suppression::{Reason, Stream, Suppression};
use crate::intake::{NewEntry, SuppressionFilter, Suppressions};

/// The service behind its generated trait.
pub(crate) struct SuppressionGrpc {
    suppressions: Suppressions,
}

impl SuppressionGrpc {
    pub(crate) fn new(suppressions: Suppressions) -> Self {
        Self { suppressions }
    }
}

#[tonic::async_trait]
impl SuppressionService for SuppressionGrpc {
    async fn list_suppressions(
        &self,
        request: Request<wire::ListSuppressionsRequest>,
    ) -> Result<Response<wire::ListSuppressionsResponse>, Status> {
        let (caller, request) = opened(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.id("tenant_id", &request.tenant_id, TenantId::parse);
        let filter = SuppressionFilter {
            channel: channel(&mut fields, request.channel),
            reason: reason(&mut fields, request.reason),
        };
        let page_size = decode::page_size(&mut fields, request.page_size);
        let scope = scope(&caller, &mut fields, tenant_id)?;
        let page = self.suppressions.list(&scope, filter, &request.page_token, page_size).await;
        let page = page.map_err(answer)?;
        Ok(Response::new(wire::ListSuppressionsResponse {
            suppressions: page.suppressions.into_iter().map(suppression).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn get_suppression(
        &self,
        request: Request<wire::GetSuppressionRequest>,
    ) -> Result<Response<wire::GetSuppressionResponse>, Status> {
        let (caller, request) = opened(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.id("tenant_id", &request.tenant_id, TenantId::parse);
        let destination = decode::destination(&mut fields, request.destination, "destination");
        let scope = scope(&caller, &mut fields, tenant_id)?;
        let destination = destination.ok_or_else(|| refuse(fields.refusal()))?;
        let found = self.suppressions.get(&scope, &destination).await.map_err(answer)?;
        let suppressions = found.into_iter().map(suppression).collect();
        Ok(Response::new(wire::GetSuppressionResponse { suppressions }))
    }

    async fn create_suppression(
        &self,
        request: Request<wire::CreateSuppressionRequest>,
    ) -> Result<Response<wire::CreateSuppressionResponse>, Status> {
        let (caller, request) = opened(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.id("tenant_id", &request.tenant_id, TenantId::parse);
        let request_id = fields.id("request_id", &request.request_id, RequestId::parse);
        let new = new_entry(&mut fields, request);
        let scope = scope(&caller, &mut fields, tenant_id)?;
        let (Some(request_id), Some(new)) = (request_id, new) else {
            return Err(refuse(fields.refusal()));
        };
        let entries = self.suppressions.create(&scope, &new, request_id).await.map_err(answer)?;
        let suppressions = entries.into_iter().map(suppression).collect();
        Ok(Response::new(wire::CreateSuppressionResponse { suppressions }))
    }

    async fn delete_suppression(
        &self,
        request: Request<wire::DeleteSuppressionRequest>,
    ) -> Result<Response<wire::DeleteSuppressionResponse>, Status> {
        let (caller, request) = opened(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.id("tenant_id", &request.tenant_id, TenantId::parse);
        let request_id = fields.id("request_id", &request.request_id, RequestId::parse);
        let destination = decode::destination(&mut fields, request.destination, "destination");
        let scope = scope(&caller, &mut fields, tenant_id)?;
        let (Some(request_id), Some(destination)) = (request_id, destination) else {
            return Err(refuse(fields.refusal()));
        };
        self.suppressions.delete(&scope, &destination, request_id).await.map_err(answer)?;
        Ok(Response::new(wire::DeleteSuppressionResponse {}))
    }
}

/// What is to be written down, or notes of all that is wrong with it.
fn new_entry(fields: &mut Fields, request: wire::CreateSuppressionRequest) -> Option<NewEntry> {
    let destination = decode::destination(fields, request.destination, "destination");
    let is_address = |destination: &Destination| destination.channel() != Channel::Webhook;
    fields.check(destination.as_ref().is_none_or(is_address), "destination", "is not for webhooks");
    let stream = match request.lane {
        0 => Some(Stream::All),
        number => fields.take(decode::lane(number).map(Stream::Of), "lane", "is no lane"),
    };
    let reason = reason(fields, request.reason).unwrap_or(Reason::Manual);
    let expires_at = request.expire_time.and_then(|at| {
        let at = time::unix_micros(&at).map(Timestamp::from_unix_micros);
        fields.take(at, "expire_time", "is no instant")
    });
    // A reason or an instant that does not read is noted, and looks here like one that was not sent.
    let (destination, stream) = (destination?, stream?);
    fields.are_right().then_some(NewEntry { destination, stream, reason, expires_at })
}

fn channel(fields: &mut Fields, number: i32) -> Option<Channel> {
    let channel = match wire::Channel::try_from(number) {
        Ok(wire::Channel::Unspecified) => return None,
        Ok(wire::Channel::Email) => Some(Channel::Email),
        Ok(wire::Channel::Sms) => Some(Channel::Sms),
        Ok(wire::Channel::Webhook) | Err(_) => None,
    };
    fields.take(channel, "channel", "is no channel")
}

fn reason(fields: &mut Fields, number: i32) -> Option<Reason> {
    if number == 0 {
        return None;
    }
    let reason = i16::try_from(number).ok().and_then(Reason::from_repr);
    fields.take(reason, "reason", "is no reason")
}

fn suppression(suppression: Suppression) -> wire::Suppression {
    let channel = match suppression.channel {
        Channel::Email => wire::Channel::Email,
        Channel::Sms => wire::Channel::Sms,
        Channel::Webhook => wire::Channel::Webhook,
    };
    let lane = match suppression.stream {
        Stream::All => 0,
        Stream::Of(lane) => Lane::number(lane),
    };
    wire::Suppression {
        channel: channel.into(),
        masked_destination: suppression.masked_destination,
        lane: lane.into(),
        reason: suppression.reason.number().into(),
        create_time: Some(instant(suppression.created_at)),
        expire_time: suppression.expires_at.map(instant),
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;
    use crate::domain::receipt::ReceiptState;

    #[test]
    fn reasons_and_receipts_have_the_numbers_of_the_contract() {
        for reason in Reason::VARIANTS {
            let wire = wire::SuppressionReason::try_from(i32::from(reason.number())).unwrap();
            let name = reason.as_str().to_uppercase();
            assert_eq!(wire.as_str_name(), format!("SUPPRESSION_REASON_{name}"));
        }
        for state in ReceiptState::VARIANTS {
            let wire = wire::ReceiptState::try_from(i32::from(state.number())).unwrap();
            let name = state.as_str().to_uppercase();
            assert_eq!(wire.as_str_name(), format!("RECEIPT_STATE_{name}"));
        }
    }

    #[test]
    fn every_field_of_an_entry_that_is_wrong_is_named() {
        let mut fields = Fields::default();
        let request = wire::CreateSuppressionRequest {
            lane: 9,
            reason: -1,
            expire_time: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
            ..wire::CreateSuppressionRequest::default()
        };

        let entry = new_entry(&mut fields, request);

        assert!(entry.is_none());
        let refused = format!("{:?}", fields.refusal());
        for field in ["destination", "lane", "reason", "expire_time"] {
            assert!(refused.contains(field), "{refused}");
        }
    }
}
