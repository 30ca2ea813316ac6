//! Webhooks: what administrators change of them, who works on one, and how far it has come.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AuditWebhookId;

use super::world::{NOW, World, after, idempotent};
use crate::domain::audit::{EventKind, Outcome};
use crate::domain::scope::TenantScope;
use crate::domain::sealed::Sealed;
use crate::domain::webhook::retry::GoesOn;
use crate::domain::webhook::url::WebhookUrl;
use crate::domain::webhook::{
    Disabling, Enabling, FailedTry, FailureKind, LastFailure, Webhook, WebhookChange, WebhookFilter,
};
use crate::store::StepOutcome;
use crate::store::accounts::TenantChange;
use crate::store::webhooks::delivery::{ClaimedWebhook, FailedDelivery};
use crate::store::webhooks::{ChangeWebhook, CreateWebhook, RotateSecret, WebhookRefused};

fn url(host: &str) -> WebhookUrl {
    WebhookUrl::from_stored(format!("https://{host}.example/"))
}

impl World {
    fn webhook(&self, scope: &TenantScope, since: Option<Timestamp>) -> CreateWebhook {
        CreateWebhook {
            id: AuditWebhookId::generate(self.entropy(), NOW),
            url: url("one"),
            filter: WebhookFilter::default(),
            secret: Sealed::new(b"first secret".to_vec()),
            since,
            event: self.event(scope, EventKind::AuditWebhookChanged),
            now: NOW,
        }
    }

    async fn creates(&self, scope: &TenantScope, key: u8) -> StepOutcome<Webhook, WebhookRefused> {
        let create = self.webhook(scope, None);
        self.store.create_webhook(scope, &create, idempotent(key, 1)).await.unwrap()
    }

    async fn created(&self, scope: &TenantScope, key: u8) -> Webhook {
        done(self.creates(scope, key).await)
    }

    async fn changed(
        &self,
        scope: &TenantScope,
        webhook: &Webhook,
        change: WebhookChange,
    ) -> StepOutcome<Webhook, WebhookRefused> {
        let change = ChangeWebhook {
            id: webhook.id,
            version: Some(webhook.version),
            change,
            event: self.event(scope, EventKind::AuditWebhookChanged),
            now: after(5),
        };
        let key = u8::try_from(100 + webhook.version).unwrap();
        self.store.change_webhook(scope, &change, idempotent(key, 1)).await.unwrap()
    }

    async fn webhook_now(&self, scope: &TenantScope, id: AuditWebhookId) -> Webhook {
        self.store.find_webhook(scope, id).await.unwrap().unwrap()
    }

    async fn claims(&self, lease: u64, second: u64) -> Vec<ClaimedWebhook> {
        self.store.claim_webhooks(10, after(lease), after(second)).await.unwrap()
    }

    async fn fails(&self, claimed: &ClaimedWebhook, failed: FailedTry, goes_on: GoesOn, second: u64) -> bool {
        let failed = FailedDelivery {
            position: claimed.position,
            failed,
            goes_on,
            event: self.event(&claimed.scope(), EventKind::AuditWebhookDisabled),
            now: after(second),
        };
        self.store.webhook_failed(claimed, &failed).await.unwrap()
    }
}

#[track_caller]
fn done<T, R>(step: StepOutcome<T, R>) -> T {
    match step {
        StepOutcome::Done(done) => done,
        _ => panic!("not done"),
    }
}

pub(super) async fn a_webhook_is_created_found_listed_and_deleted(world: World) {
    let (scope, other) = (world.tenant().await, world.create_tenant(&world.unborn_tenant("other")).await);
    world.seal().await;
    let mut made = Vec::new();
    for key in 0..5 {
        made.push(world.created(&scope, key).await);
    }
    made.sort_by_key(|webhook| webhook.id);

    let sixth = world.creates(&scope, 5).await;
    let elsewhere = world.creates(&other, 6).await;
    let repeated = world.creates(&scope, 0).await;
    let first = world.store.list_webhooks(&scope, None, 3).await.unwrap();
    let rest = world.store.list_webhooks(&scope, Some(first[2].id.as_uuid()), 3).await.unwrap();
    let abroad = world.store.find_webhook(&other, made[0].id).await.unwrap();
    let event = world.event(&scope, EventKind::AuditWebhookChanged);
    let deleted = world.store.delete_webhook(&scope, made[0].id, &event, idempotent(7, 1)).await.unwrap();
    let again = world.store.delete_webhook(&scope, made[0].id, &event, idempotent(8, 1)).await.unwrap();

    assert_eq!((sixth, abroad), (StepOutcome::Refused(WebhookRefused::Full), None));
    assert!(matches!((&elsewhere, &repeated), (StepOutcome::Done(_), StepOutcome::Repeated(_))));
    assert_eq!([first, rest].concat(), made);
    assert_eq!((made[0].position, made[0].sealed_position, made[0].version), (1, 1, 1));
    assert_eq!((deleted, again), (StepOutcome::Done(()), StepOutcome::Refused(WebhookRefused::Unknown)));
    assert_eq!(world.store.list_webhooks(&scope, None, 10).await.unwrap(), made[1..]);
    let kinds = world.kinds(&scope).await;
    assert_eq!(kinds.iter().filter(|kind| **kind == EventKind::AuditWebhookChanged).count(), 6);
}

pub(super) async fn a_webhook_begins_where_it_is_told(world: World) {
    let scope = world.tenant().await;
    for second in [10, 20, 20, 30] {
        let event =
            crate::domain::audit::AuditEvent { at: after(second), ..world.event(&scope, EventKind::SignIn) };
        world.store.append_events(&[event]).await.unwrap();
        world.seal().await;
    }

    let mut begins = Vec::new();
    for (key, since) in [None, Some(NOW), Some(after(20)), Some(after(31))].into_iter().enumerate() {
        let create = world.webhook(&scope, since);
        let key = u8::try_from(key).unwrap();
        let step = world.store.create_webhook(&scope, &create, idempotent(key, 1)).await.unwrap();
        begins.push(done(step).position);
    }

    assert_eq!(begins, [5, 0, 2, 5]);
}

pub(super) async fn a_webhook_is_changed_on_its_version_and_as_a_whole(world: World) {
    let scope = world.tenant().await;
    let webhook = world.created(&scope, 0).await;
    let filter = WebhookFilter { kinds: vec!["a.b".to_owned()], outcome: Some(Outcome::Failed) };
    let change = WebhookChange {
        url: Some(url("two")),
        filter: Some(filter.clone()),
        enabling: Some(Enabling::Disabled),
    };

    let changed = done(world.changed(&scope, &webhook, change).await);
    let stale = ChangeWebhook {
        id: webhook.id,
        version: Some(1),
        change: WebhookChange::default(),
        event: world.event(&scope, EventKind::AuditWebhookChanged),
        now: after(6),
    };
    let stale = world.store.change_webhook(&scope, &stale, idempotent(50, 1)).await.unwrap();
    world.seal().await;
    let nothing = world.claims(100, 50).await;
    let on = WebhookChange { enabling: Some(Enabling::AtItsPosition), ..WebhookChange::default() };
    let enabled = done(world.changed(&scope, &changed, on).await);
    let now = WebhookChange { enabling: Some(Enabling::FromNow), ..WebhookChange::default() };
    world.seal().await;
    let from_now = done(world.changed(&scope, &enabled, now).await);

    let expected = Webhook {
        url: url("two"),
        filter,
        disabled: Some(Disabling::Administrator),
        updated_at: after(5),
        version: 2,
        ..webhook.clone()
    };
    assert_eq!(changed, expected);
    assert_eq!(stale, StepOutcome::Refused(WebhookRefused::Stale));
    assert_eq!(nothing, []);
    assert_eq!((enabled.disabled, enabled.position), (None, webhook.position));
    assert_eq!(from_now.position, from_now.sealed_position);
    assert!(from_now.position > webhook.position, "{from_now:?}");
}

pub(super) async fn a_webhook_with_nothing_to_send_is_left_alone(world: World) {
    let scope = world.tenant().await;
    world.seal().await;
    let webhook = world.created(&scope, 0).await;

    let before = world.claims(60, 1).await;
    world.seal().await;
    let claimed = world.claims(60, 1).await;

    assert_eq!(before, []);
    assert_eq!(claimed.len(), 1);
    let expected = ClaimedWebhook {
        id: webhook.id,
        tenant_id: scope.tenant_id(),
        url: webhook.url,
        filter: webhook.filter,
        secret: Sealed::new(b"first secret".to_vec()),
        previous_secret: None,
        position: 1,
        failures: 0,
        failing_since: None,
        version: 1,
        fence: 1,
    };
    assert_eq!(claimed[0], expected);
}

pub(super) async fn a_claimed_webhook_is_nobody_elses_until_its_lease_ends(world: World) {
    let scope = world.tenant().await;
    let webhook = world.created(&scope, 0).await;
    world.seal().await;

    let first = world.claims(60, 1).await.remove(0);
    let held = world.claims(60, 59).await;
    let goes_on = world.store.webhook_delivered(&first, 1, after(90), after(30)).await.unwrap();
    let still_held = world.claims(160, 89).await;
    let second = world.claims(160, 90).await.remove(0);
    let late = world.store.webhook_delivered(&first, 2, after(300), after(91)).await.unwrap();
    world.store.release_webhook(&first, 2, after(400)).await.unwrap();
    let failed_late =
        world.fails(&first, FailedTry::of(FailureKind::TimedOut), GoesOn::At(after(900)), 92).await;
    let after_all = world.webhook_now(&scope, webhook.id).await;

    assert!(goes_on && !late && !failed_late);
    assert_eq!((held, still_held), (vec![], vec![]));
    assert_eq!((second.position, second.fence), (1, 2));
    assert_eq!((after_all.position, after_all.last_failure), (1, None));
    assert_eq!(after_all.last_success_at, Some(after(30)));
    world.store.release_webhook(&second, 1, after(100)).await.unwrap();
    assert_eq!(world.claims(200, 99).await, []);
    assert_eq!(world.claims(200, 100).await.len(), 1);
}

pub(super) async fn a_position_never_goes_back(world: World) {
    let scope = world.tenant().await;
    let webhook = world.created(&scope, 0).await;
    world.seal().await;
    let claimed = world.claims(60, 1).await.remove(0);
    let now = WebhookChange { enabling: Some(Enabling::FromNow), ..WebhookChange::default() };
    let changed = done(world.changed(&scope, &webhook, now).await);

    let goes_on = world.store.webhook_delivered(&claimed, 1, after(90), after(30)).await.unwrap();
    let noted = world.fails(&claimed, FailedTry::of(FailureKind::Tls), GoesOn::At(after(900)), 31).await;
    world.store.release_webhook(&claimed, 1, after(32)).await.unwrap();

    let found = world.webhook_now(&scope, webhook.id).await;
    assert!(!goes_on && !noted, "the webhook changed meanwhile");
    assert_eq!((changed.position, found.position, found.last_failure), (2, 2, None));
}

pub(super) async fn a_webhook_that_fails_waits_and_ends_with_an_event(world: World) {
    let scope = world.tenant().await;
    let webhook = world.created(&scope, 0).await;
    world.seal().await;
    let failed = FailedTry { status: Some(500), ..FailedTry::of(FailureKind::Status) };

    let first = world.claims(60, 1).await.remove(0);
    assert!(world.fails(&first, failed, GoesOn::At(after(100)), 2).await);
    let waiting = world.webhook_now(&scope, webhook.id).await;
    let too_soon = world.claims(160, 99).await;
    let second = world.claims(160, 100).await.remove(0);
    assert!(world.fails(&second, failed, GoesOn::Disabled(Disabling::Failing), 101).await);
    let ended = world.webhook_now(&scope, webhook.id).await;
    let kinds = world.kinds(&scope).await;

    let last_failure =
        |second| Some(LastFailure { at: after(second), kind: FailureKind::Status, status: Some(500) });
    assert_eq!((waiting.failing_since, waiting.last_failure), (Some(after(2)), last_failure(2)));
    assert_eq!((waiting.disabled, waiting.version), (None, 1));
    assert_eq!(too_soon, []);
    assert_eq!((second.failures, second.failing_since), (1, Some(after(2))));
    assert_eq!((ended.disabled, ended.version), (Some(Disabling::Failing), 2));
    assert_eq!((ended.failing_since, ended.last_failure), (Some(after(2)), last_failure(101)));
    assert_eq!(kinds.last(), Some(&EventKind::AuditWebhookDisabled));
    assert_eq!(kinds.iter().filter(|kind| **kind == EventKind::AuditWebhookDisabled).count(), 1);
    assert_eq!(world.claims(9_000, 5_000).await, []);
    let on = WebhookChange { enabling: Some(Enabling::AtItsPosition), ..WebhookChange::default() };
    let enabled = done(world.changed(&scope, &ended, on).await);
    assert_eq!((enabled.failing_since, enabled.position), (None, webhook.position));
    assert_eq!(world.claims(9_000, 5_000).await[0].failures, 0);
}

pub(super) async fn a_secret_before_signs_as_well_for_as_long_as_it_is_told(world: World) {
    let scope = world.tenant().await;
    let webhook = world.created(&scope, 0).await;
    let rotate = |secret: &[u8], previous_until| RotateSecret {
        id: webhook.id,
        secret: Sealed::new(secret.to_vec()),
        previous_until,
        event: world.event(&scope, EventKind::AuditWebhookChanged),
        now: after(10),
    };
    world.seal().await;

    let (second, third) = (rotate(b"second", Some(after(3_600))), rotate(b"third", None));
    let rotated = done(world.store.rotate_webhook_secret(&scope, &second, idempotent(1, 1)).await.unwrap());
    let signing = world.claims(60, 20).await.remove(0);
    world.store.release_webhook(&signing, 0, after(20)).await.unwrap();
    let again = done(world.store.rotate_webhook_secret(&scope, &third, idempotent(2, 1)).await.unwrap());
    let alone = world.claims(60, 20).await.remove(0);

    let previous = Some((Sealed::new(b"first secret".to_vec()), after(3_600)));
    assert_eq!((rotated.version, rotated.previous_secret_until), (2, Some(after(3_600))));
    assert_eq!((signing.secret, signing.previous_secret), (Sealed::new(b"second".to_vec()), previous));
    assert_eq!((again.version, again.previous_secret_until), (3, None));
    assert_eq!((alone.secret, alone.previous_secret), (Sealed::new(b"third".to_vec()), None));
}

pub(super) async fn of_many_workers_at_once_one_claims_a_webhook(world: World) {
    let scope = world.tenant().await;
    for key in 0..5 {
        world.created(&scope, key).await;
    }
    world.seal().await;
    let lease = after(60).plus(Duration::from_secs(1));

    let claims = (0..8).map(|_| {
        let store = world.store.clone();
        tokio::spawn(async move { store.claim_webhooks(2, lease, after(1)).await.unwrap() })
    });
    let mut claimed = Vec::new();
    for claim in claims.collect::<Vec<_>>() {
        claimed.extend(claim.await.unwrap());
    }
    claimed.extend(world.claims(60, 1).await);

    let mut ids: Vec<_> = claimed.iter().map(|claimed| claimed.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((claimed.len(), ids.len()), (5, 5));
    assert!(claimed.iter().all(|claimed| claimed.fence == 1));
}

pub(super) async fn nothing_of_a_deleted_tenant_is_sent_and_none_is_created(world: World) {
    let scope = world.tenant().await;
    world.created(&scope, 1).await;
    world.seal().await;

    world.change_tenant(&scope, 1, TenantChange::Delete).await;
    let claimed = world.claims(60, 10).await.len();
    let created = world.creates(&scope, 2).await;
    world.change_tenant(&scope, 2, TenantChange::Undelete { lost_until: NOW }).await;
    let claimed_again = world.claims(60, 10).await.len();

    assert_eq!((claimed, claimed_again), (0, 1));
    assert_eq!(created, StepOutcome::Refused(WebhookRefused::UnknownTenant));
}
