//! What administrators see and remove of other people's security info.

use rekey_primitives::id::SecurityInfoId;
use uuid::Uuid;

use crate::domain::authority::Role;
use crate::domain::refusal::Refusal;
use crate::sign_in::SignedIn;
use crate::testing::{OLD, World, on, refusal, service, signed_in, with_role};
use crate::tokens::AskedPage;

#[tokio::test]
async fn an_administrator_removes_the_authenticator_of_a_lost_phone() {
    let world = World::new().await;
    let (ada, _) = world.person_with_authenticator("ada", &["ada@mail.example"], |_| {}).await;
    let helper = with_role(&world, "helper", Role::AuthenticationAdministrator).await;
    let (acting, target) = (signed_in(&world, "helper").await, on(&world, &ada));
    let app = ada.security_info[1].id;
    let before = world.sign_in("ada", OLD).await;

    world.security_info.remove_of_account(&acting, target, app).await.unwrap();
    world.security_info.remove_of_account(&acting, target, app).await.unwrap();

    let after = world.sign_in("ada", OLD).await;
    assert!(matches!(before, SignedIn::Challenge(_)) && matches!(after, SignedIn::Tokens(_)));
    let told = world.notices().await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].address.as_str(), told[0].variables["change"].as_str()),
        ("ada@mail.example", "removed")
    );
    let events = world.log_of("security_info.removed").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].actor_id, Some(helper.id.as_uuid()));
    assert_eq!(events[0].subject_id, Some(ada.id.as_uuid()));
}

#[tokio::test]
async fn security_info_is_listed_by_the_page_and_masked() {
    let world = World::new().await;
    let (ada, _) = world.person_with_authenticator("ada", &["ada@mail.example"], |_| {}).await;
    let first = AskedPage { size: 1, token: None };

    let page = world.security_info.list_of_account(&service(&world), world.tenant.id, ada.id, &first).await;
    let page = page.unwrap();
    let second = AskedPage { size: 1, token: page.next };
    let rest = world.security_info.list_of_account(&service(&world), world.tenant.id, ada.id, &second).await;
    let rest = rest.unwrap();

    let shown = format!("{:?} {:?}", page.items, rest.items);
    assert_eq!((page.items.len(), rest.items.len(), rest.next.is_none()), (1, 1, true));
    assert!(!shown.contains("ada@mail") && !shown.contains("key"), "{shown}");
}

#[tokio::test]
async fn who_may_not_learns_nothing_and_nobody_acts_on_themselves() {
    let world = World::new().await;
    let (ada, _) = world.person_with_authenticator("ada", &[], |_| {}).await;
    with_role(&world, "helpdesk", Role::HelpdeskAdministrator).await;
    let own = with_role(&world, "helper", Role::AuthenticationAdministrator).await;
    let (helpdesk, helper) = (signed_in(&world, "helpdesk").await, signed_in(&world, "helper").await);
    let id = ada.security_info[0].id;
    let nothing = SecurityInfoId::from_uuid(Uuid::from_u128(9));
    let remove = |acting, account, id| world.security_info.remove_of_account(acting, on(&world, account), id);

    let stopped = remove(&helpdesk, &ada, id).await;
    let themselves = remove(&helper, &own, nothing).await;
    let unknown = remove(&helper, &ada, nothing).await;

    assert!(matches!(refusal(stopped), Refusal::AuthorityMissing(_)));
    assert_eq!(refusal(themselves), Refusal::NotOnYourself);
    assert_eq!(refusal(unknown), Refusal::SecurityInfoNotFound);
    assert_eq!(world.read(&ada).await.security_info.len(), 1);
}
