//! What administrators do to webhooks, over a real store.

use rekey_primitives::secret::ExposeSecret as _;

use super::*;
use crate::domain::authority::Role;
use crate::testing::{World, refusal, service, signed_in, with_role};

fn new(world: &World, url: &str) -> NewWebhook {
    NewWebhook {
        tenant_id: world.tenant.id,
        url: url.to_owned(),
        filter: WebhookFilter::default(),
        since: None,
        request_id: world.request_id(),
    }
}

#[tokio::test]
async fn a_secret_is_shown_once_and_again_to_a_repeat_alone() {
    let world = World::new().await;
    let service = service(&world);
    let new = new(&world, "https://hooks.example/");

    let created = world.webhooks.create(&service, &new).await.unwrap();
    let repeated = world.webhooks.create(&service, &new).await.unwrap();
    let name = WebhookName { tenant_id: world.tenant.id, webhook_id: created.webhook.id };
    let rotated = world.webhooks.rotate(&service, name, Duration::ZERO, world.request_id()).await.unwrap();
    let found = world.webhooks.get(&service, name).await.unwrap();

    let secret = |shown: &WebhookWithSecret| shown.secret.expose_secret().to_owned();
    assert_eq!((repeated.webhook.id, secret(&repeated)), (created.webhook.id, secret(&created)));
    assert!(secret(&created).starts_with("whsec_") && secret(&created) != secret(&rotated));
    assert_eq!(found, rotated.webhook);
    for shown in [format!("{created:?}"), format!("{found:?}")] {
        assert!(!shown.contains("whsec_") && !shown.contains("hooks.example"), "{shown}");
    }
}

#[tokio::test]
async fn an_internal_address_is_refused_by_its_field() {
    let world = World::new().await;
    let service = service(&world);

    for url in ["https://127.0.0.1/", "https://[::1]/", "ftp://hooks.example/", "https://10.0.0.1/"] {
        let refused = refusal(world.webhooks.create(&service, &new(&world, url)).await);
        assert!(
            matches!(&refused, Refusal::FieldsInvalid(fields) if fields[0].field == "url"),
            "{url}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn whoever_reads_the_log_does_not_send_it_elsewhere() {
    let world = World::new().await;
    with_role(&world, "reader", Role::ReportsReader).await;
    with_role(&world, "chief", Role::GlobalAdministrator).await;
    let (reader, chief) = (signed_in(&world, "reader").await, signed_in(&world, "chief").await);
    let new = new(&world, "https://hooks.example/");

    let refused = refusal(world.webhooks.create(&reader, &new).await);
    let created = world.webhooks.create(&chief, &new).await;

    assert!(matches!(refused, Refusal::AuthorityMissing(_)), "{refused:?}");
    assert!(created.is_ok(), "{created:?}");
}
