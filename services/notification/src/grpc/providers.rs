//! The RPCs about providers: what this process knows of each, with nothing of any message.

use std::sync::Arc;

use rekey_primitives::clock::Timestamp;
use rekey_runtime::access::Caller;
use rekey_wire::notification::v1 as wire;
use rekey_wire::notification::v1::provider_service_server::ProviderService;
use rekey_wire::time;
use tonic::{Request, Response, Status};

use super::decode::Fields;
use super::refusal::refuse;
use super::{encode, opened};
use crate::domain::destination::Channel;
use crate::domain::lane::Lane;
use crate::domain::provider::{COUNTED_FOR, ProviderLaneView, ProviderView};
use crate::domain::state::FailureClass;

/// Looks at all providers, in the order they are tried.
pub(crate) type ListProviders = Arc<dyn Fn() -> Vec<ProviderView> + Send + Sync>;

/// The service behind its generated trait.
pub(crate) struct ProviderGrpc {
    list: ListProviders,
}

impl ProviderGrpc {
    pub(crate) fn new(list: ListProviders) -> Self {
        Self { list }
    }
}

#[tonic::async_trait]
impl ProviderService for ProviderGrpc {
    async fn list_providers(
        &self,
        request: Request<wire::ListProvidersRequest>,
    ) -> Result<Response<wire::ListProvidersResponse>, Status> {
        let (_, request): (Caller, _) = opened(request)?;
        let mut fields = Fields::default();
        let channel = channel(&mut fields, request.channel);
        if !fields.are_right() {
            return Err(refuse(fields.refusal()));
        }
        let is_wanted = |view: &ProviderView| channel.is_none_or(|channel| view.channels.contains(&channel));
        // The order counts providers as they are tried, whichever are shown.
        let views = (self.list)().into_iter().enumerate().filter(|(_, view)| is_wanted(view));
        let providers = views.map(|(place, view)| provider(place, view)).collect();
        let counted_for = prost_types::Duration {
            seconds: i64::try_from(COUNTED_FOR.as_secs()).unwrap_or(i64::MAX),
            nanos: 0,
        };
        Ok(Response::new(wire::ListProvidersResponse { providers, counted_duration: Some(counted_for) }))
    }
}

/// The channel that is asked for; none is all of them.
fn channel(fields: &mut Fields, number: i32) -> Option<Channel> {
    let channel = match wire::Channel::try_from(number) {
        Ok(wire::Channel::Email) => Some(Channel::Email),
        Ok(wire::Channel::Sms) => Some(Channel::Sms),
        Ok(wire::Channel::Webhook) => Some(Channel::Webhook),
        Ok(wire::Channel::Unspecified) | Err(_) => None,
    };
    fields.check(channel.is_some() || number == 0, "channel", "is no channel");
    channel
}

fn provider(place: usize, view: ProviderView) -> wire::Provider {
    let channels = view.channels.iter().map(|channel| encode::channel(*channel).into()).collect();
    wire::Provider {
        name: view.name,
        kind: view.kind.to_owned(),
        channels,
        order: i32::try_from(place + 1).unwrap_or(i32::MAX),
        per_second: i32::try_from(view.per_second).unwrap_or(i32::MAX),
        lanes: Lane::ALL.iter().map(|lane| provider_lane(*lane, view.lanes.of(*lane))).collect(),
    }
}

fn provider_lane(lane: Lane, view: &ProviderLaneView) -> wire::ProviderLane {
    let instant = |at: Timestamp| time::timestamp(at.unix_micros());
    let failed = view.last_failure;
    wire::ProviderLane {
        lane: lane.number().into(),
        breaker_state: view.breaker.state.number(),
        state_time: view.breaker.since.map(instant),
        consecutive_faults: i32::try_from(view.breaker.faults_in_a_row).unwrap_or(i32::MAX),
        trial_time: view.breaker.trial_at.map(instant),
        last_failure: failed.map_or(0, |(class, _)| FailureClass::number(class)).into(),
        last_failure_time: failed.map(|(_, at)| instant(at)),
        last_success_time: view.last_success_at.map(instant),
        recently_taken: i32::try_from(view.recently_taken).unwrap_or(i32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use rekey_client::Problem;
    use rekey_runtime::access::CallerEntry;

    use super::*;
    use crate::domain::lane::PerLane;
    use crate::domain::provider::{BreakerState, BreakerView};
    use crate::fixtures::NOW;

    fn view(name: &str, channel: Channel, state: BreakerState) -> ProviderView {
        let breaker = BreakerView { state, since: Some(NOW), faults_in_a_row: 5, trial_at: None };
        let lane = ProviderLaneView {
            breaker,
            last_failure: Some((FailureClass::Provider, NOW)),
            last_success_at: None,
            recently_taken: 3,
        };
        let lanes = PerLane::each(|_| lane);
        ProviderView { name: name.to_owned(), kind: "smtp", channels: vec![channel], per_second: 7, lanes }
    }

    async fn list(channel: i32) -> Result<Vec<wire::Provider>, Status> {
        let service = ProviderGrpc::new(Arc::new(|| {
            vec![
                view("relay", Channel::Email, BreakerState::Open),
                view("gateway", Channel::Sms, BreakerState::Closed),
            ]
        }));
        let mut request = Request::new(wire::ListProvidersRequest { channel });
        request.extensions_mut().insert(Caller::new(CallerEntry::trusted("shop", String::new()), None));
        service.list_providers(request).await.map(|answer| answer.into_inner().providers)
    }

    #[tokio::test]
    async fn providers_are_shown_in_their_order_with_each_lane() {
        let all = list(0).await.unwrap();

        let names: Vec<_> = all.iter().map(|one| (one.order, one.name.as_str())).collect();
        assert_eq!(names, [(1, "relay"), (2, "gateway")]);
        let lane = &all[0].lanes[0];
        assert_eq!((all[0].lanes.len(), lane.lane()), (3, wire::Lane::Critical));
        assert_eq!((lane.breaker_state(), lane.consecutive_faults), (wire::BreakerState::Open, 5));
        assert_eq!((lane.last_failure(), lane.recently_taken), (wire::FailureClass::Provider, 3));
        assert_eq!((lane.last_success_time, lane.trial_time), (None, None));
    }

    #[tokio::test]
    async fn a_channel_shows_its_providers_alone_and_one_that_is_none_is_refused() {
        let texts = list(wire::Channel::Sms.into()).await.unwrap();
        let refused = Problem::of(&list(99).await.unwrap_err());

        assert_eq!((texts.len(), texts[0].order), (1, 2));
        assert_eq!((refused.reason.as_str(), refused.fields[0].0.as_str()), ("FIELD_INVALID", "channel"));
    }

    #[test]
    fn breakers_have_the_numbers_of_the_contract() {
        for state in BreakerState::ALL {
            let wire = wire::BreakerState::try_from(state.number()).unwrap();
            assert_eq!(wire.as_str_name(), format!("BREAKER_STATE_{}", state.as_str().to_uppercase()));
        }
    }
}
