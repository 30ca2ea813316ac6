//! Security info from the first code to the last notice.

mod administrators;
mod held_codes;

use std::time::Duration;

use rekey_primitives::contact::{Channel, Destination, EmailAddress};
use rekey_primitives::id::{SecurityInfoId, VerificationId};
use rekey_primitives::secret::SecretString;
use uuid::Uuid;

use super::Prefill;
use crate::domain::account::Account;
use crate::domain::refusal::Refusal;
use crate::domain::security_info::Standing;
use crate::operation::{Error, Owner};
use crate::peers::verification::{Redeemed, Stop};
use crate::testing::{OLD, World, done, is_rejected, on, refusal, service};
use crate::tokens::AskedPage;
use crate::views::{SecurityInfoState, SecurityInfoView};

/// Ada, who registered an address long ago and signed in a moment ago.
async fn ada(world: &World) -> (Account, Owner) {
    let account = world.person("ada", &["ada@mail.example"]).await;
    world.pass(30 * 86_400);
    (account, owner(world).await)
}

async fn owner(world: &World) -> Owner {
    let tokens = world.signed_in("ada", OLD).await;
    let person = world.live(&tokens).await.unwrap();
    world.owner(&person)
}

fn address(text: &str) -> Destination {
    Destination::Email(EmailAddress::parse(text).unwrap())
}

fn id_of(entry: &SecurityInfoView) -> SecurityInfoId {
    SecurityInfoId::from_uuid(entry.security_info_id)
}

async fn states(world: &World, owner: &Owner) -> Vec<SecurityInfoState> {
    let entries = world.security_info.list(owner, &AskedPage::default()).await.unwrap().items;
    entries.into_iter().map(|entry| entry.state).collect()
}

/// Adds an address and confirms it by its code.
async fn confirmed(world: &World, owner: &Owner, text: &str) -> SecurityInfoId {
    let added = world.security_info.add(owner, &address(text), world.request_id()).await.unwrap();
    let code = world.verification.code_for(text);
    let id = id_of(&added.entry);
    done(world.security_info.confirm(owner, id, &code, world.request_id()).await);
    id
}

#[tokio::test]
async fn a_new_address_counts_after_its_code_and_its_quarantine() {
    let world = World::masked().await;
    let (_, owner) = ada(&world).await;

    let new = address("ada@work.example");
    let added = world.security_info.add(&owner, &new, world.request_id()).await.unwrap();
    let unconfirmed = states(&world, &owner).await;
    let code = world.verification.code_for("ada@work.example");
    let id = id_of(&added.entry);
    let entry = done(world.security_info.confirm(&owner, id, &code, world.request_id()).await);

    assert_eq!(unconfirmed, [SecurityInfoState::Usable, SecurityInfoState::Unconfirmed]);
    assert_eq!(entry.state, SecurityInfoState::Quarantined);
    assert_eq!(world.start("ada").await.unwrap().methods.len(), 1);
    world.pass(72 * 3_600);
    assert_eq!(states(&world, &owner).await, [SecurityInfoState::Usable, SecurityInfoState::Usable]);
    assert_eq!(world.start("ada").await.unwrap().methods.len(), 2);
}

#[tokio::test]
async fn a_code_of_another_channel_or_verification_confirms_nothing() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;
    let evidence: [fn(Redeemed) -> Redeemed; 2] = [
        |redeemed| Redeemed { channel: Channel::Sms, ..redeemed },
        |redeemed| Redeemed { verification_id: VerificationId::from_uuid(Uuid::nil()), ..redeemed },
    ];

    for (number, evidence) in evidence.into_iter().enumerate() {
        let to = format!("ada{number}@work.example");
        let added = world.security_info.add(&owner, &address(&to), world.request_id()).await.unwrap();
        let code = world.verification.code_for(&to);
        world.verification.tell_of(evidence);

        let id = id_of(&added.entry);
        let confirmed = world.security_info.confirm(&owner, id, &code, world.request_id()).await;

        assert!(is_rejected(confirmed), "{number}");
    }
}

#[tokio::test]
async fn every_other_address_is_told_and_the_unconfirmed_one_is_not() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;

    let new = address("ada@work.example");
    world.security_info.add(&owner, &new, world.request_id()).await.unwrap();

    let notices = world.notices().await;
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].template, "security_info_changed_notice");
    assert_eq!(notices[0].address, "ada@mail.example");
    let named: Vec<_> = notices[0].variables.keys().map(String::as_str).collect();
    assert_eq!(named, ["change", "method", "name", "organisation", "time"]);
    assert!(!notices[0].variables["method"].contains("ada@work.example"));
}

#[tokio::test]
async fn of_two_calls_for_one_address_one_sends_a_code() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;
    let (work, requests) = (address("ada@work.example"), [world.request_id(), world.request_id()]);

    let [first, second] = requests.map(|request_id| world.security_info.add(&owner, &work, request_id));
    let (first, second) = tokio::join!(first, second);

    let refused = [&first, &second].into_iter().filter(|added| added.is_err()).count();
    assert_eq!((refused, world.verification.started()), (1, 1));
    let added = first.or(second).unwrap();
    let code = world.verification.latest_code_for("ada@work.example");
    let confirmed = world.security_info.confirm(&owner, id_of(&added.entry), &code, world.request_id()).await;
    assert!(confirmed.is_ok(), "{confirmed:?}");
}

#[tokio::test]
async fn a_call_whose_code_did_not_go_out_is_repeated_to_its_end() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;
    let (work, request_id) = (address("ada@work.example"), world.request_id());

    world.verification.set_away(true);
    let failed = world.security_info.add(&owner, &work, request_id).await;
    world.verification.set_away(false);
    let repeated = world.security_info.add(&owner, &work, request_id).await;

    assert!(matches!(failed, Err(Error::Failed(_))), "{failed:?}");
    assert!(repeated.is_ok(), "{repeated:?}");
    assert_eq!(world.verification.started(), 1);
}

#[tokio::test]
async fn a_code_that_died_is_followed_by_another_however_short_they_live() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;
    world.verification.set_code_timing(100, &[30]);
    let work = "ada@work.example";
    let added = world.security_info.add(&owner, &address(work), world.request_id()).await.unwrap();
    let id = id_of(&added.entry);

    for _ in 0..3 {
        world.pass(101);
        world.security_info.send_code(&owner, id, world.request_id()).await.unwrap();
    }
    world.pass(99);
    let code = world.verification.latest_code_for(work);
    let entry = done(world.security_info.confirm(&owner, id, &code, world.request_id()).await);

    assert_eq!(world.verification.started(), 4);
    assert_eq!(entry.state, SecurityInfoState::Quarantined);
}

#[tokio::test]
async fn a_stopped_code_shows_the_clocks_of_verification() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;
    world.verification.set_code_timing(170, &[15, 70]);
    world.verification.stop_by(Stop::Destination);
    let now = world.now();

    let new = address("ada@work.example");
    let added = world.security_info.add(&owner, &new, world.request_id()).await.unwrap();

    let shown = (added.timers.code_expires_at.since(now), added.timers.resend_after.map(|at| at.since(now)));
    assert_eq!(shown, (Duration::from_secs(170), Some(Duration::from_secs(15))));
    assert_eq!(world.verification.real_messages(), 0);
}

#[tokio::test]
async fn the_first_addresses_of_a_new_account_are_spared() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let owner = owner(&world).await;

    confirmed(&world, &owner, "ada@mail.example").await;

    assert_eq!(states(&world, &owner).await, [SecurityInfoState::Usable]);
}

#[tokio::test]
async fn clearing_the_list_does_not_make_an_account_new_again() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let owner = owner(&world).await;
    let id = confirmed(&world, &owner, "ada@mail.example").await;

    world.security_info.remove(&owner, id, world.request_id()).await.unwrap();
    confirmed(&world, &owner, "thief@mail.example").await;

    assert_eq!(states(&world, &owner).await, [SecurityInfoState::Quarantined]);
}

#[tokio::test]
async fn an_old_sign_in_changes_nothing() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;
    world.pass(600);
    let id = SecurityInfoId::from_uuid(Uuid::nil());

    let new = address("ada@work.example");
    let added = world.security_info.add(&owner, &new, world.request_id()).await;
    let removed = world.security_info.remove(&owner, id, world.request_id()).await;
    let confirmed = world.security_info.confirm(&owner, id, &"1".into(), world.request_id()).await;

    assert_eq!(refusal(added), Refusal::SignInNotRecent);
    assert_eq!(refusal(removed), Refusal::SignInNotRecent);
    assert_eq!(refusal(confirmed), Refusal::SignInNotRecent);
    assert_eq!(world.security_info.list(&owner, &AskedPage::default()).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_repeated_add_sends_nothing_twice_and_gives_the_same_entry() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;
    let (new, request_id) = (address("ada@work.example"), world.request_id());

    let first = world.security_info.add(&owner, &new, request_id).await.unwrap();
    let repeat = world.security_info.add(&owner, &new, request_id).await.unwrap();
    let again = world.security_info.add(&owner, &new, world.request_id()).await;

    assert_eq!(repeat, first);
    assert_eq!(world.verification.real_messages(), 1);
    assert_eq!(refusal(again), Refusal::SecurityInfoTaken);
}

#[tokio::test]
async fn an_add_whose_code_could_not_be_sent_leaves_an_entry_that_proves_nothing() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;
    let (new, request_id) = (address("ada@work.example"), world.request_id());
    world.verification.set_away(true);

    let failed = world.security_info.add(&owner, &new, request_id).await;
    let left = world.security_info.list(&owner, &AskedPage::default()).await.unwrap().items;
    world.verification.set_away(false);

    assert!(failed.is_err());
    let unconfirmed = left.iter().filter(|entry| entry.state == SecurityInfoState::Unconfirmed);
    assert_eq!((left.len(), unconfirmed.count()), (2, 1));
    assert!(world.security_info.add(&owner, &new, request_id).await.is_ok());
}

#[tokio::test]
async fn a_wrong_code_confirms_nothing_and_a_repeat_is_no_second_try() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;
    let new = address("ada@work.example");
    let added = world.security_info.add(&owner, &new, world.request_id()).await.unwrap();
    let (id, wrong) = (id_of(&added.entry), SecretString::from("000000"));

    let request_id = world.request_id();
    for _ in 0..20 {
        let outcome = world.security_info.confirm(&owner, id, &wrong, request_id).await;
        assert!(is_rejected(outcome));
    }

    assert_eq!(states(&world, &owner).await[1], SecurityInfoState::Unconfirmed);
    let code = world.verification.code_for("ada@work.example");
    done(world.security_info.confirm(&owner, id, &code, world.request_id()).await);
}

#[tokio::test]
async fn a_code_is_sent_again_by_the_ladder_and_anew_when_it_has_died() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;
    let new = address("ada@work.example");
    let added = world.security_info.add(&owner, &new, world.request_id()).await.unwrap();
    let id = id_of(&added.entry);

    let early = world.security_info.send_code(&owner, id, world.request_id()).await;
    world.pass(30);
    let again = world.security_info.send_code(&owner, id, world.request_id()).await.unwrap();
    world.pass(600);
    let owner = self::owner(&world).await;
    let anew = world.security_info.send_code(&owner, id, world.request_id()).await.unwrap();

    assert!(matches!(refusal(early), Refusal::SendLimited { .. }));
    assert_eq!(again.code_expires_at, added.timers.code_expires_at);
    assert!(anew.code_expires_at > again.code_expires_at);
    assert_eq!((world.verification.started(), world.verification.real_messages()), (2, 3));
}

#[tokio::test]
async fn a_removed_address_is_told_and_offers_nothing_any_more() {
    let world = World::new().await;
    let (account, owner) = ada(&world).await;
    let id = account.security_info[0].id;

    world.security_info.remove(&owner, id, world.request_id()).await.unwrap();

    assert_eq!(states(&world, &owner).await, []);
    let notices = world.notices().await;
    assert_eq!((notices.len(), notices[0].address.as_str()), (1, "ada@mail.example"));
    assert_eq!(notices[0].variables["change"], "removed");
    let gone = world.security_info.remove(&owner, id, world.request_id()).await;
    assert_eq!(refusal(gone), Refusal::SecurityInfoNotFound);
}

#[tokio::test]
async fn one_entry_is_the_default() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;
    let id = confirmed(&world, &owner, "ada@work.example").await;

    let shown = world.security_info.set_default(&owner, id, world.request_id()).await.unwrap();

    let entries = world.security_info.list(&owner, &AskedPage::default()).await.unwrap().items;
    assert!(shown.is_default);
    assert_eq!(entries[0].security_info_id, id.as_uuid());
    assert_eq!(entries.iter().filter(|entry| entry.is_default).count(), 1);
}

#[tokio::test]
async fn a_prefilled_address_proves_nothing_before_it_is_confirmed() {
    let world = World::masked().await;
    let (account, owner) = ada(&world).await;
    let prefill = Prefill { target: on(&world, &account), address: address("ada@work.example") };

    let entry = world.security_info.prefill(&service(&world), &prefill).await.unwrap();
    world.pass(80 * 3_600);
    let offered = world.start("ada").await.unwrap().methods.len();
    let owner = Owner { person: self::owner(&world).await.person, ..owner };
    let id = id_of(&entry);
    world.security_info.send_code(&owner, id, world.request_id()).await.unwrap();
    let code = world.verification.code_for("ada@work.example");
    let entry = done(world.security_info.confirm(&owner, id, &code, world.request_id()).await);

    assert_eq!(offered, 1);
    assert_eq!(entry.state, SecurityInfoState::Usable);
    assert_eq!(world.start("ada").await.unwrap().methods.len(), 2);
}

#[tokio::test]
async fn too_many_wrong_codes_in_a_row_disable_an_address_until_it_is_confirmed_anew() {
    let world = World::with(|policy| policy.reset.tries_in_a_row = 10).await;
    let (account, owner) = ada(&world).await;
    let id = account.security_info[0].id;
    world.security_info.send_code(&owner, id, world.request_id()).await.unwrap();

    for _ in 0..11 {
        let wrong = SecretString::from("000000");
        let outcome = world.security_info.confirm(&owner, id, &wrong, world.request_id()).await;
        assert!(is_rejected(outcome));
    }
    let disabled = states(&world, &owner).await;
    world.pass(1_200);
    let owner = self::owner(&world).await;
    world.security_info.send_code(&owner, id, world.request_id()).await.unwrap();
    let code = world.verification.latest_code_for("ada@mail.example");
    let entry = done(world.security_info.confirm(&owner, id, &code, world.request_id()).await);

    assert_eq!(disabled, [SecurityInfoState::Disabled]);
    assert_eq!(entry.state, SecurityInfoState::Usable);
}

#[tokio::test]
async fn strangers_wrong_codes_leave_an_address_free_to_be_confirmed() {
    let world = World::new().await;
    let prefilled = |account: &mut Account| {
        account.security_info[0].standing = Standing::Prefilled;
    };
    let ada = world.person_with("ada", &["ada@mail.example"], prefilled).await;
    let started = world.start_from("ada", "203.0.113.9").await.unwrap();
    let method = &started.methods[0];
    world.resets.send_code(&world.caller, &world.send(&started.reset_token, method)).await.unwrap();
    for _ in 0..12 {
        let wrong = world.proof(&started.reset_token, method, "000000");
        assert!(!world.resets.submit_proof(&world.caller, &wrong).await.unwrap().accepted);
    }
    world.pass(60);
    let (owner, id) = (owner(&world).await, ada.security_info[0].id);

    world.security_info.send_code(&owner, id, world.request_id()).await.unwrap();
    let code = world.verification.latest_code_for("ada@mail.example");
    let confirmed = world.security_info.confirm(&owner, id, &code, world.request_id()).await;

    assert!(confirmed.is_ok(), "{confirmed:?}");
}

#[tokio::test]
async fn whoever_disables_a_method_by_guessing_is_noted_and_its_owner_told() {
    let world = World::with(|policy| policy.reset.tries_in_a_row = 10).await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let (owner, id) = (owner(&world).await, ada.security_info[0].id);
    world.security_info.send_code(&owner, id, world.request_id()).await.unwrap();
    for _ in 0..11 {
        let wrong = SecretString::from("000000");
        let outcome = world.security_info.confirm(&owner, id, &wrong, world.request_id()).await;
        assert!(is_rejected(outcome));
    }

    let refused = world.log_of("security_info.confirmed").await;
    let told = world.notices().await;

    assert_eq!(refused.iter().map(|event| event.count).sum::<i64>(), 11);
    assert!(refused.iter().all(|event| event.outcome == "refused"));
    assert_eq!(
        told.iter().map(|told| told.template.as_str()).collect::<Vec<_>>(),
        ["security_info_changed_notice"]
    );
    assert_eq!(told[0].variables["change"], "disabled");
}
