//! Journeys of those who decide about the rules and the texts, and of those who read what happened; those together that share a suite.

use rekey_tests::person::{Person, request_id};
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;
use rekey_wire::identity::v1::{AddGroupMembersRequest, CreateAccountRequest, CreateGroupRequest};
use rekey_wire::notification::v1::destination::Address;
use rekey_wire::notification::v1::suppression_service_client::SuppressionServiceClient;
use rekey_wire::notification::v1::{CreateSuppressionRequest, Destination};
use rekey_wire::options::v1::Role;
use serde_json::{Value, json};

use crate::portal::gateway;
use crate::portal::stage::{Stage, told_of};

/// Somebody with nothing but a phone, which takes messages.
const PHONE: &str = "+15005550142";

on_both_store_sets!(
    the_policy_is_changed_behind_a_review_and_says_who_may_what_and_how_pages_look,
    what_happened_is_read_messages_are_followed_and_texts_are_judged,
    a_message_is_withdrawn_and_another_sent_again,
);

async fn the_policy_is_changed_behind_a_review_and_says_who_may_what_and_how_pages_look(stores: Stores) {
    let journeys = ["policy-change", "policy-switch", "policy-look"];
    staffed(Stage::set(stores).await).await.play(&journeys, &[]).await;
}

async fn what_happened_is_read_messages_are_followed_and_texts_are_judged(stores: Stores) {
    // Otherwise a text that was replaced is sent for some seconds more.
    let world = World::start_with(stores, &[("NOTIFICATION__TEMPLATES__CACHE_SECONDS", "0")]).await;
    let stage = staffed(Stage::upon(world, stores).await).await;
    suppress(stage.world(), "bounced@acme.example").await;
    stage.play(&["audit", "messages", "templates"], &["inbox"]).await;
}

async fn a_message_is_withdrawn_and_another_sent_again(stores: Stores) {
    let url = gateway::serve().await;
    let settings = [
        ("NOTIFICATION__PROVIDERS__0__KIND", "sms"),
        ("NOTIFICATION__PROVIDERS__0__URL", url.as_str()),
        ("NOTIFICATION__PROVIDERS__0__FROM", "+15005550006"),
    ];
    let world = World::start_with(stores, &settings).await;
    let stage = staffed(Stage::upon(world, stores).await).await;
    stage.play(&["message-acts"], &[]).await;
}

/// Tells programs of those who have a part.
async fn staffed(stage: Stage) -> Stage {
    let world = stage.world();
    let chief = with_role(world, "chief", Role::GlobalAdministrator).await;
    let member = world.person("member").await;
    put_into_sales(world, &member).await;
    let cast: Value = json!({
        "rules": told_of(&with_role(world, "rules", Role::PolicyAdministrator).await),
        "reader": told_of(&with_role(world, "reader", Role::ReportsReader).await),
        "helper": told_of(&with_role(world, "helper", Role::HelpdeskAdministrator).await),
        "member": told_of(&member),
        "outsider": told_of(&world.person("outsider").await),
        "texter": told_of(&with_phone(world, "texter", PHONE).await),
        "unreached": told_of(&with_phone(world, "unreached", gateway::DOWN).await),
        "refused": told_of(&with_phone(world, "refused", gateway::PICKY).await),
        "phone": PHONE,
    });
    let administrator = told_of(&chief);
    stage.telling("administrator", administrator).telling("cast", cast)
}

async fn with_role(world: &World, name: &str, role: Role) -> Person {
    let person = world.person(name).await;
    world.grant(&person, role).await;
    person
}

/// Somebody who proves who they are by this phone alone.
async fn with_phone(world: &World, name: &str, number: &str) -> Person {
    let only_phone = |new: &mut CreateAccountRequest| {
        new.email_addresses.clear();
        new.phone_numbers = vec![number.to_owned()];
    };
    world.person_with(name, only_phone).await
}

/// Makes somebody the only member of the group "Sales".
async fn put_into_sales(world: &World, person: &Person) {
    let mut groups = GroupServiceClient::new(world.identity.clone());
    let request = CreateGroupRequest {
        tenant_id: world.tenant_id.clone(),
        display_name: "Sales".to_owned(),
        request_id: request_id(),
        context: None,
    };
    let group = groups.create_group(request).await.unwrap().into_inner().group.unwrap();
    let request = AddGroupMembersRequest {
        tenant_id: world.tenant_id.clone(),
        group_id: group.group_id,
        account_ids: vec![person.account_id.clone()],
        member_group_ids: Vec::new(),
        request_id: request_id(),
        context: None,
    };
    groups.add_group_members(request).await.unwrap();
}

async fn suppress(world: &World, address: &str) {
    let request = CreateSuppressionRequest {
        tenant_id: world.tenant_id.clone(),
        request_id: request_id(),
        destination: Some(Destination { address: Some(Address::EmailAddress(address.to_owned())) }),
        ..CreateSuppressionRequest::default()
    };
    let mut suppressions = SuppressionServiceClient::new(world.notification.clone());
    suppressions.create_suppression(request).await.unwrap();
}
