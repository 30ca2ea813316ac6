//! How the relays and gateways fare, in words.
//!
//! Webhook endpoints are left out: they are of services, and may be of other tenants. What is shown of relays names no tenant.

use axum::response::Response;
use rekey_wire::notification::v1 as wire;
use rekey_wire::notification::v1::Channel;
use rekey_wire::notification::v1::provider_service_client::ProviderServiceClient;
use rekey_wire::time::std_duration;

use super::super::listing::time_cell;
use super::{naming, notification};
use crate::view::{Cell, Html, Table, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PageContext};
use crate::words::{MessageWords, interpolate};

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    let mut client = ProviderServiceClient::new(notification(&user).await?);
    let found = client.list_providers(wire::ListProvidersRequest::default()).await?.into_inner();
    let context = &user.context;
    let words = &context.texts().messages;
    let counted = found.counted_duration.as_ref().and_then(std_duration).unwrap_or_default();
    let taken = interpolate(&words.taken, "minutes", counted.as_secs().div_ceil(60));
    let shown = found.providers.iter().filter(|provider| carries_to_people(provider));
    let provider = |provider: &wire::Provider| -> Result<Values, Fault> {
        let values = Values::default()
            .text("name", &provider.name)
            .text("about", &about(words, provider))
            .html("lanes", lanes(context, provider, &taken)?);
        Ok(values)
    };
    let values = Values::default().list("providers", shown.map(provider).collect::<Result<_, _>>()?);
    let content = PageContent::new(&words.providers_title, context.body("providers", values)?);
    user.page(MenuItem::Messages, content)
}

fn carries_to_people(provider: &wire::Provider) -> bool {
    provider.channels().any(|channel| matches!(channel, Channel::Email | Channel::Sms))
}

/// Its place in the order, what it carries and how much of it.
fn about(words: &MessageWords, provider: &wire::Provider) -> String {
    let channels: Vec<&str> = provider.channels().map(|channel| naming::channel(words, channel)).collect();
    let order = interpolate(&words.provider_order, "order", provider.order);
    let order = interpolate(&order, "channels", channels.join(", "));
    let limit = match provider.per_second {
        0 => words.provider_unlimited.clone(),
        limit => interpolate(&words.provider_limit, "count", limit),
    };
    format!("{order} {limit}")
}

fn lanes(context: &PageContext, provider: &wire::Provider, taken: &str) -> Result<Html, Fault> {
    let words = &context.texts().messages;
    let row = |lane: &wire::ProviderLane| {
        let (badge, state) = naming::breaker(words, lane.breaker_state());
        let failure = naming::failure(words, lane.last_failure()).unwrap_or_default();
        vec![
            Cell::Text(naming::lane(words, lane.lane()).to_owned()),
            Cell::Badge(badge, state.to_owned()),
            time_cell(lane.state_time.as_ref()),
            time_cell(lane.trial_time.as_ref()),
            time_cell(lane.last_success_time.as_ref()),
            Cell::Text(lane.recently_taken.to_string()),
            Cell::Text(lane.consecutive_faults.to_string()),
            time_cell(lane.last_failure_time.as_ref()),
            Cell::Text(failure.to_owned()),
        ]
    };
    context.table(Table {
        caption: &interpolate(&words.lanes_caption, "provider", &provider.name),
        columns: &[
            &words.lane,
            &words.state,
            &words.since,
            &words.next_trial,
            &words.last_success,
            taken,
            &words.faults,
            &words.last_failure,
            &words.reason,
        ],
        rows: provider.lanes.iter().map(row).collect(),
        empty: &words.lanes_empty,
        next: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Catalogue, UiLocale};

    fn provider(channels: &[Channel], per_second: i32) -> wire::Provider {
        wire::Provider {
            channels: channels.iter().map(|channel| i32::from(*channel)).collect(),
            order: 2,
            per_second,
            ..wire::Provider::default()
        }
    }

    #[test]
    fn endpoints_of_services_are_left_out() {
        assert!(carries_to_people(&provider(&[Channel::Email], 0)));
        assert!(carries_to_people(&provider(&[Channel::Webhook, Channel::Sms], 0)));
        assert!(!carries_to_people(&provider(&[Channel::Webhook], 0)));
        assert!(!carries_to_people(&provider(&[], 0)));
    }

    #[test]
    fn a_provider_is_told_by_its_order_its_channels_and_its_limit() {
        let catalogue = Catalogue::load().unwrap();
        let words = &catalogue.of(UiLocale::En).messages;

        let limited = about(words, &provider(&[Channel::Email, Channel::Sms], 50));
        let unlimited = about(words, &provider(&[Channel::Email], 0));

        assert!(limited.contains('2') && limited.contains("50") && !limited.contains('{'), "{limited}");
        assert!(unlimited.ends_with(&words.provider_unlimited), "{unlimited}");
    }
}
