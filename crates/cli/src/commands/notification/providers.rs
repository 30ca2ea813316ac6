//! `rekey notification providers`: who carries messages, and how each lane fares with them.

use rekey_client::Connection;
use rekey_wire::notification::v1::provider_service_client::ProviderServiceClient;
use rekey_wire::notification::v1::{FailureClass, ListProvidersRequest, Provider, ProviderLane};
use serde_json::{Value, json};

use crate::output::{Output, table, word};
use crate::profile::moment;

pub(super) async fn list(connection: Connection, output: Output) -> anyhow::Result<()> {
    let mut client = ProviderServiceClient::new(connection);
    let found = client.list_providers(ListProvidersRequest::default()).await?.into_inner().providers;
    output.data(&found.iter().map(shown).collect::<Vec<_>>(), |_| rows(&found))
}

fn channels(provider: &Provider) -> Vec<String> {
    provider.channels().map(|channel| word(channel.as_str_name(), "CHANNEL_")).collect()
}

fn breaker(lane: &ProviderLane) -> String {
    word(lane.breaker_state().as_str_name(), "BREAKER_STATE_")
}

/// Why the last message failed; empty when none did.
fn last_failure(lane: &ProviderLane) -> String {
    match lane.last_failure() {
        FailureClass::Unspecified => String::new(),
        class => word(class.as_str_name(), "FAILURE_CLASS_"),
    }
}

fn shown(provider: &Provider) -> Value {
    let lane = |lane: &ProviderLane| {
        json!({
            "lane": word(lane.lane().as_str_name(), "LANE_"),
            "breaker": breaker(lane),
            "state_time": moment(lane.state_time.as_ref()),
            "consecutive_faults": lane.consecutive_faults,
            "trial_time": moment(lane.trial_time.as_ref()),
            "last_failure": last_failure(lane),
            "last_failure_time": moment(lane.last_failure_time.as_ref()),
            "last_success_time": moment(lane.last_success_time.as_ref()),
            "recently_taken": lane.recently_taken,
        })
    };
    json!({
        "name": provider.name,
        "kind": provider.kind,
        "channels": channels(provider),
        "order": provider.order,
        "per_second": provider.per_second,
        "lanes": provider.lanes.iter().map(lane).collect::<Vec<_>>(),
    })
}

/// A line for each lane of each provider.
fn rows(providers: &[Provider]) -> String {
    let head = [
        "PROVIDER",
        "CARRIES",
        "LANE",
        "BREAKER",
        "FAULTS",
        "NEXT TRIAL",
        "LAST FAILURE",
        "LAST SUCCESS",
        "TAKEN",
    ];
    let cells = |provider: &Provider, lane: &ProviderLane| {
        vec![
            provider.name.clone(),
            channels(provider).join(","),
            word(lane.lane().as_str_name(), "LANE_"),
            breaker(lane),
            lane.consecutive_faults.to_string(),
            moment(lane.trial_time.as_ref()),
            last_failure(lane),
            moment(lane.last_success_time.as_ref()),
            lane.recently_taken.to_string(),
        ]
    };
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for provider in providers {
        lines.extend(provider.lanes.iter().map(|lane| cells(provider, lane)));
    }
    table(&lines)
}
