//! `rekey suppression`: addresses that get no messages.

use std::path::Path;

use rekey_client::Connection;
use rekey_wire::notification::v1::destination::Address;
use rekey_wire::notification::v1::suppression_service_client::SuppressionServiceClient;
use rekey_wire::notification::v1::{
    Channel, CreateSuppressionRequest, DeleteSuppressionRequest, Destination, GetSuppressionRequest, Lane,
    ListSuppressionsRequest, Suppression, SuppressionReason,
};
use serde_json::{Value, json};

use crate::arguments::{AddSuppression, ListedSuppressions, SuppressedAddress, SuppressionCommand};
use crate::output::{Output, table, word};
use crate::profile::{Profile, moment, now, request_id};

type Client = SuppressionServiceClient<Connection>;

const DAY_SECONDS: i64 = 24 * 3_600;

pub(crate) async fn run(command: SuppressionCommand, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    let mut client = SuppressionServiceClient::new(profile.notification()?);
    match command {
        SuppressionCommand::List(listed) => list(&mut client, &profile, listed, output).await,
        SuppressionCommand::Show(on) => show(&mut client, &profile, on, output).await,
        SuppressionCommand::Add(added) => add(&mut client, &profile, added, output).await,
        SuppressionCommand::Remove(on) => remove(&mut client, &profile, on, output).await,
    }
}

async fn list(
    client: &mut Client,
    profile: &Profile,
    listed: ListedSuppressions,
    output: Output,
) -> anyhow::Result<()> {
    let mut request = ListSuppressionsRequest {
        tenant_id: profile.tenant(&listed.tenant).await?.tenant_id,
        page_size: i32::try_from(listed.limit).unwrap_or(i32::MAX),
        channel: listed.channel.map_or(Channel::Unspecified, Into::into).into(),
        reason: listed.reason.map_or(SuppressionReason::Unspecified, Into::into).into(),
        ..ListSuppressionsRequest::default()
    };
    let mut found = Vec::new();
    while found.len() < listed.limit {
        let page = client.list_suppressions(request.clone()).await?.into_inner();
        found.extend(page.suppressions);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    found.truncate(listed.limit);
    print(&found, output)
}

async fn show(
    client: &mut Client,
    profile: &Profile,
    on: SuppressedAddress,
    output: Output,
) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(&on.tenant).await?.tenant_id;
    let request = GetSuppressionRequest { tenant_id, destination: destination(on.address) };
    print(&client.get_suppression(request).await?.into_inner().suppressions, output)
}

async fn add(
    client: &mut Client,
    profile: &Profile,
    add: AddSuppression,
    output: Output,
) -> anyhow::Result<()> {
    let AddSuppression { on: SuppressedAddress { address, tenant }, lane, reason, days } = add;
    let end = days.map(|days| now() + i64::from(days) * DAY_SECONDS);
    let request = CreateSuppressionRequest {
        tenant_id: profile.tenant(&tenant).await?.tenant_id,
        request_id: request_id(),
        destination: destination(address),
        lane: lane.map_or(Lane::Unspecified, Into::into).into(),
        reason: SuppressionReason::from(reason).into(),
        expire_time: end.map(|seconds| prost_types::Timestamp { seconds, nanos: 0 }),
    };
    print(&client.create_suppression(request).await?.into_inner().suppressions, output)
}

async fn remove(
    client: &mut Client,
    profile: &Profile,
    on: SuppressedAddress,
    output: Output,
) -> anyhow::Result<()> {
    let request = DeleteSuppressionRequest {
        tenant_id: profile.tenant(&on.tenant).await?.tenant_id,
        request_id: request_id(),
        destination: destination(on.address),
    };
    client.delete_suppression(request).await?;
    output.data(&json!({ "removed": true }), |_| "Its next message goes out.".to_owned())
}

fn destination(address: String) -> Option<Destination> {
    let address =
        if address.contains('@') { Address::EmailAddress(address) } else { Address::PhoneNumber(address) };
    Some(Destination { address: Some(address) })
}

fn print(found: &[Suppression], output: Output) -> anyhow::Result<()> {
    output.data(&found.iter().map(shown).collect::<Vec<_>>(), |_| rows(found))
}

/// The lane whose messages are stopped.
fn lane(suppression: &Suppression) -> String {
    match suppression.lane() {
        Lane::Unspecified => "all".to_owned(),
        lane => word(lane.as_str_name(), "LANE_"),
    }
}

fn shown(suppression: &Suppression) -> Value {
    json!({
        "channel": word(suppression.channel().as_str_name(), "CHANNEL_"),
        "to": suppression.masked_destination,
        "lane": lane(suppression),
        "reason": word(suppression.reason().as_str_name(), "SUPPRESSION_REASON_"),
        "create_time": moment(suppression.create_time.as_ref()),
        "expire_time": moment(suppression.expire_time.as_ref()),
    })
}

fn rows(found: &[Suppression]) -> String {
    let head = ["SINCE", "CHANNEL", "TO", "LANE", "REASON", "UNTIL"].map(str::to_owned).to_vec();
    let cells = |one: &Suppression| {
        vec![
            moment(one.create_time.as_ref()),
            word(one.channel().as_str_name(), "CHANNEL_"),
            one.masked_destination.clone(),
            lane(one),
            word(one.reason().as_str_name(), "SUPPRESSION_REASON_"),
            moment(one.expire_time.as_ref()),
        ]
    };
    table(&std::iter::once(head).chain(found.iter().map(cells)).collect::<Vec<_>>())
}
