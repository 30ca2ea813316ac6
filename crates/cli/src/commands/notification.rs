//! `rekey notification`: messages and their journey, as it stands and as it goes on, and a test of whether they arrive.

mod watch;

mod providers;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rekey_client::Connection;
use rekey_wire::notification::v1::destination::Address;
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;
use rekey_wire::notification::v1::{
    CancelNotificationRequest, Destination, GetNotificationRequest, Lane, ListNotificationsRequest,
    Notification, NotificationState, OutgoingMessage, ReplayNotificationRequest, SendNotificationRequest,
};
use serde_json::{Value, json};

use crate::arguments::{ListedNotifications, NotificationCommand, OnNotification, TestNotification};
use crate::output::{Output, table, word};
use crate::profile::{Profile, moment, now, request_id, time};

type Client = NotificationServiceClient<Connection>;

/// How often a message that is followed is asked for: often enough to look immediate.
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(crate) async fn run(command: NotificationCommand, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    let connection = profile.notification()?;
    let mut client = NotificationServiceClient::new(connection.clone());
    match command {
        NotificationCommand::Providers => providers::list(connection, output).await,
        NotificationCommand::List(listed) => list(&mut client, &profile, listed, output).await,
        NotificationCommand::Show(on) => act(&mut client, &profile, on, Act::Show, output).await,
        NotificationCommand::Replay(on) => act(&mut client, &profile, on, Act::Replay, output).await,
        NotificationCommand::Cancel(on) => act(&mut client, &profile, on, Act::Cancel, output).await,
        NotificationCommand::Watch(watched) => watch::run(client, &profile, watched, output).await,
        NotificationCommand::Test(test) => try_out(&mut client, &profile, test, output).await,
    }
}

async fn list(
    client: &mut Client,
    profile: &Profile,
    listed: ListedNotifications,
    output: Output,
) -> anyhow::Result<()> {
    let mut request = ListNotificationsRequest {
        tenant_id: profile.tenant(&listed.tenant).await?.tenant_id,
        page_size: i32::try_from(listed.limit).unwrap_or(i32::MAX),
        state: listed.state.map_or(NotificationState::Unspecified, Into::into).into(),
        lane: listed.lane.map_or(Lane::Unspecified, Into::into).into(),
        reference: listed.reference.unwrap_or_default(),
        ..ListNotificationsRequest::default()
    };
    let mut found = Vec::new();
    while found.len() < listed.limit {
        let page = client.list_notifications(request.clone()).await?.into_inner();
        found.extend(page.notifications);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    found.truncate(listed.limit);
    output.data(&found.iter().map(shown).collect::<Vec<_>>(), |_| rows(&found))
}

/// What is done with one message.
enum Act {
    Show,
    Replay,
    Cancel,
}

/// Does it, and shows the message as it stands then.
async fn act(
    client: &mut Client,
    profile: &Profile,
    on: OnNotification,
    act: Act,
    output: Output,
) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(&on.tenant).await?.tenant_id;
    let (notification_id, request_id) = (on.notification, request_id());
    let message = match act {
        Act::Show => Some(get(client, tenant_id, notification_id).await?),
        Act::Replay => {
            let request = ReplayNotificationRequest { tenant_id, notification_id, request_id };
            client.replay_notification(request).await?.into_inner().notification
        }
        Act::Cancel => {
            let request = CancelNotificationRequest { tenant_id, notification_id, request_id };
            client.cancel_notification(request).await?.into_inner().notification
        }
    };
    let message = message.context("the answer holds no message")?;
    output.data(&shown(&message), |_| journey(&message))
}

async fn get(
    client: &mut Client,
    tenant_id: String,
    notification_id: String,
) -> anyhow::Result<Notification> {
    let request = GetNotificationRequest { tenant_id, notification_id };
    let found = client.get_notification(request).await?.into_inner().notification;
    found.context("the answer holds no message")
}

/// Sends a test and follows it to its end, so that an exit code says whether messages arrive.
async fn try_out(
    client: &mut Client,
    profile: &Profile,
    test: TestNotification,
    output: Output,
) -> anyhow::Result<()> {
    let tenant = profile.tenant(&test.tenant).await?;
    let organisation = if tenant.display_name.is_empty() { tenant.handle } else { tenant.display_name };
    let address = if test.address.contains('@') {
        Address::EmailAddress(test.address)
    } else {
        Address::PhoneNumber(test.address)
    };
    let variables = [("organisation", organisation), ("time", time(now()))];
    let message = OutgoingMessage {
        destination: Some(Destination { address: Some(address) }),
        template: "delivery_test".to_owned(),
        locale: test.locale,
        variables: variables.map(|(name, value)| (name.to_owned(), value)).into(),
        lane: Lane::Transactional.into(),
        ..OutgoingMessage::default()
    };
    let tenant_id = tenant.tenant_id;
    let request = SendNotificationRequest {
        tenant_id: tenant_id.clone(),
        request_id: request_id(),
        message: Some(message),
    };
    let sent = client.send_notification(request).await?.into_inner();
    output.say(&format!("Accepted as {}.", sent.notification_id));
    let followed = follow(client, &tenant_id, &sent.notification_id, test.wait).await?;
    output.data(&shown(&followed), |_| journey(&followed))?;
    match followed.state() {
        NotificationState::Delivered => Ok(()),
        _ if test.wait == 0 => Ok(()),
        NotificationState::Queued | NotificationState::Sending => {
            bail!(
                "it has not left after {} s: `rekey notification show {}` tells how it goes on",
                test.wait,
                sent.notification_id
            )
        }
        _ => bail!("it was not delivered: the log of notification names the provider and the step at fault"),
    }
}

/// The message at its end, or as it stands when the time is over.
async fn follow(
    client: &mut Client,
    tenant_id: &str,
    id: &str,
    seconds: u64,
) -> anyhow::Result<Notification> {
    let end = tokio::time::Instant::now() + Duration::from_secs(seconds.min(3600));
    loop {
        let found = get(client, tenant_id.to_owned(), id.to_owned()).await?;
        let moves = matches!(found.state(), NotificationState::Queued | NotificationState::Sending);
        if !moves || tokio::time::Instant::now() >= end {
            return Ok(found);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Why its last try failed; empty when none did.
fn last_failure(message: &Notification) -> String {
    let failure = word(message.last_failure().as_str_name(), "FAILURE_CLASS_");
    if failure == "unspecified" { String::new() } else { failure }
}

/// What was heard of it; empty when nothing was.
fn receipt(message: &Notification) -> String {
    let receipt = word(message.receipt_state().as_str_name(), "RECEIPT_STATE_");
    if receipt == "unspecified" { String::new() } else { receipt }
}

/// How many steps to other channels it has taken; empty when none.
fn fallbacks_used(message: &Notification) -> String {
    if message.fallbacks_used == 0 { String::new() } else { message.fallbacks_used.to_string() }
}

fn state(message: &Notification) -> String {
    word(message.state().as_str_name(), "NOTIFICATION_STATE_")
}

pub(super) fn shown(message: &Notification) -> Value {
    json!({
        "notification_id": message.notification_id,
        "template": message.template,
        "locale": message.locale,
        "channel": word(message.channel().as_str_name(), "CHANNEL_"),
        "to": message.masked_destination,
        "lane": word(message.lane().as_str_name(), "LANE_"),
        "state": state(message),
        "reference": message.reference,
        "tries": message.tries,
        "last_failure": last_failure(message),
        "provider": message.provider,
        "create_time": moment(message.create_time.as_ref()),
        "update_time": moment(message.update_time.as_ref()),
        "next_try_time": moment(message.next_try_time.as_ref()),
        "not_after_time": moment(message.not_after_time.as_ref()),
        "support_code": message.support_code,
        "receipt": receipt(message),
        "receipt_time": moment(message.receipt_time.as_ref()),
        "receipt_detail": message.receipt_detail,
        "fallbacks_used": message.fallbacks_used,
        "fallback_time": moment(message.fallback_time.as_ref()),
    })
}

pub(super) fn rows(messages: &[Notification]) -> String {
    let head = ["TIME", "NOTIFICATION", "TEMPLATE", "TO", "STATE", "TRIES", "LAST FAILURE", "PROVIDER"];
    let head = head.map(str::to_owned).to_vec();
    table(&std::iter::once(head).chain(messages.iter().map(cells)).collect::<Vec<_>>())
}

/// One message in a line.
fn cells(message: &Notification) -> Vec<String> {
    vec![
        moment(message.create_time.as_ref()),
        message.notification_id.clone(),
        message.template.clone(),
        message.masked_destination.clone(),
        state(message),
        message.tries.to_string(),
        last_failure(message),
        message.provider.clone(),
    ]
}

/// All that is known of one message, a line each.
fn journey(message: &Notification) -> String {
    let lines = [
        ("message", message.notification_id.clone()),
        ("template", message.template.clone()),
        ("language", message.locale.clone()),
        ("to", message.masked_destination.clone()),
        ("lane", word(message.lane().as_str_name(), "LANE_")),
        ("state", state(message)),
        ("tries", message.tries.to_string()),
        ("last failure", last_failure(message)),
        ("provider", message.provider.clone()),
        ("accepted", moment(message.create_time.as_ref())),
        ("receipt", receipt(message)),
        ("receipt code", message.receipt_detail.clone()),
        ("heard", moment(message.receipt_time.as_ref())),
        ("last change", moment(message.update_time.as_ref())),
        ("next try", moment(message.next_try_time.as_ref())),
        ("fallbacks used", fallbacks_used(message)),
        ("falls back", moment(message.fallback_time.as_ref())),
        ("worth sending until", moment(message.not_after_time.as_ref())),
        ("reference", message.reference.clone()),
        ("support code", message.support_code.clone()),
    ];
    let told = lines.into_iter().filter(|(_, value)| !value.is_empty());
    table(&told.map(|(name, value)| vec![name.to_owned(), value]).collect::<Vec<_>>())
}
