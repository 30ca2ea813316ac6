//! The loop that sends events to webhooks.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rekey_webhooks::client::{Client, Timeouts};
use rekey_wire::audit_events::CLOUD_EVENT_TYPE;

use super::Parts;
use crate::domain::audit::{Actor, EventKind, Outcome};
use crate::domain::webhook::retry::RetryRules;
use crate::grpc::cloud_event;
use crate::webhooks::{Delivery, DeliverySettings};

/// The loop, ready to run.
pub(crate) fn delivery(parts: &Parts) -> anyhow::Result<Delivery> {
    let settings = &parts.settings.webhooks;
    let timeouts = Timeouts {
        connect: Duration::from_millis(settings.connect_timeout_ms),
        whole: Duration::from_millis(settings.try_timeout_ms),
    };
    let (keys, audit) = (Arc::clone(&parts.keys), parts.audit());
    Ok(Delivery {
        store: parts.store.clone(),
        client: Client::new(parts.webhook_urls(), timeouts, settings.ca_file.as_deref())?,
        open: Arc::new(move |webhook, sealed| {
            keys.open_webhook_secret(webhook.tenant_id, webhook.id, sealed)
        }),
        encode: Arc::new(|sealed| Bytes::from(cloud_event(sealed))),
        disabled: Arc::new(move |webhook, why, now| {
            let draft = audit.draft(webhook.tenant_id, EventKind::AuditWebhookDisabled, now).by(Actor::Rekey);
            let said = format!("{}: {}", why.as_str(), webhook.id);
            draft.outcome(Outcome::Failed).because(said).done()
        }),
        clock: Arc::clone(&parts.clock),
        entropy: Arc::clone(&parts.entropy),
        settings: DeliverySettings {
            poll: Duration::from_millis(settings.poll_ms),
            side_by_side: settings.side_by_side,
            lease: Duration::from_secs(settings.lease_seconds),
            try_within: timeouts.whole,
            retry: RetryRules {
                first: Duration::from_secs(settings.retry_first_seconds),
                longest: Duration::from_secs(settings.retry_longest_seconds),
                disable_after: Duration::from_secs(86_400 * settings.disable_after_days),
            },
            content_type: CLOUD_EVENT_TYPE,
        },
    })
}
