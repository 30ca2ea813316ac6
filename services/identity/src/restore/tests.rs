use super::*;
use crate::domain::refusal::Refusal;
use crate::testing::{NEW, OLD, START, World, refusal, tenant};
use rekey_primitives::id::TenantId;

impl Restore {
    fn of(world: &World) -> Self {
        Self {
            store: world.parts.store.clone(),
            audit: world.parts.audit(),
            now: world.now(),
            bulk_results_kept: Duration::from_secs(86_400),
        }
    }
}

#[tokio::test]
async fn what_the_backup_brought_back_lets_nobody_in() {
    let world = World::new().await;
    world.create_tenant(&tenant(TenantId::generate(&*world.parts.entropy, START), "globex", START)).await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let tokens = world.signed_in("ada", OLD).await;
    let proved = world.proved("ada", "ada@mail.example").await;

    let restored = Restore::of(&world).every_tenant().await.unwrap();

    assert_eq!((restored.tenants, restored.accounts, restored.bulk_resets), (2, 1, 0));
    assert!(world.live(&tokens).await.is_none());
    let complete = world.resets.complete(&world.caller, &world.completion(&proved, NEW)).await;
    assert_eq!(refusal(complete), Refusal::ResetInvalid);
    let after = world.read(&ada).await;
    assert!(after.epoch.0 > ada.epoch.0 + 1_000, "{after:?}");
    assert!(after.recovery_version.0 > ada.recovery_version.0 + 1_000, "{after:?}");
    assert!(world.live(&world.signed_in("ada", OLD).await).await.is_some());
    assert_eq!(world.log_of("tenant.restored").await.len(), 2);
}

#[tokio::test]
async fn notices_that_waited_are_dropped() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let proved = world.proved("ada", "ada@mail.example").await;
    world.resets.complete(&world.caller, &world.completion(&proved, NEW)).await.unwrap();

    let restored = Restore::of(&world).every_tenant().await.unwrap();

    assert!(restored.notices > 0, "{restored:?}");
    assert_eq!(world.notices().await.len(), 0);
}
