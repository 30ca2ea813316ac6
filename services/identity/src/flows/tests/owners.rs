//! What strangers' tries and one's own slips leave to the owner of an account.

use rekey_primitives::id::RequestId;
use rekey_primitives::secret::SecretString;

use super::world::{NEW, OLD, World, context, refusal};
use crate::domain::refusal::Refusal;
use crate::domain::security_info::Standing;
use crate::flows::passwords::ChangePassword;
use crate::flows::reset::{CompleteReset, Repudiate};
use crate::flows::security_info::Owner;
use crate::flows::sign_in::SignedIn;

async fn owner(world: &World) -> Owner {
    let person = world.live(&world.signed_in("ada", OLD).await).await.unwrap();
    Owner { caller: world.caller.clone(), person, context: context("192.0.2.1") }
}

#[tokio::test]
async fn strangers_wrong_codes_leave_an_address_free_to_be_confirmed() {
    let world = World::new().await;
    let prefilled = |account: &mut crate::domain::account::Account| {
        account.security_info[0].standing = Standing::Prefilled;
    };
    let ada = world.person_with("ada", &["ada@mail.example"], prefilled).await;
    let started = world.start_from("ada", "203.0.113.9").await.unwrap();
    let method = &started.methods[0];
    world.identity.send_code(&world.caller, &world.send(&started.reset_token, method)).await.unwrap();
    for _ in 0..12 {
        let wrong = world.proof(&started.reset_token, method, "000000");
        assert!(!world.identity.submit_proof(&world.caller, &wrong).await.unwrap().accepted);
    }
    world.pass(60);
    let (owner, id) = (owner(&world).await, ada.security_info[0].id);

    world.identity.send_security_info_code(&owner, id, world.request_id()).await.unwrap();
    let code = world.verification.latest_code_for("ada@mail.example");
    let confirmed = world.identity.confirm_security_info(&owner, id, &code, world.request_id()).await;

    assert!(confirmed.is_ok(), "{confirmed:?}");
}

#[tokio::test]
async fn whoever_disables_a_method_by_guessing_is_noted_and_its_owner_told() {
    let world = World::with(|policy| policy.reset.tries_in_a_row = 10).await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let (owner, id) = (owner(&world).await, ada.security_info[0].id);
    world.identity.send_security_info_code(&owner, id, world.request_id()).await.unwrap();
    for _ in 0..11 {
        let wrong = SecretString::from("000000");
        let outcome = world.identity.confirm_security_info(&owner, id, &wrong, world.request_id()).await;
        assert_eq!(refusal(outcome), Refusal::CodeRejected);
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

#[tokio::test]
async fn a_right_password_that_meets_a_question_is_held_against_nobody() {
    let world = World::with(|policy| policy.password.expiry_days = Some(30)).await;
    world.person("ada", &["ada@mail.example"]).await;
    world.pass(31 * 86_400);
    for number in 0..9 {
        assert!(matches!(
            world.sign_in("ada", &format!("wrong password {number}")).await,
            SignedIn::Rejected
        ));
    }

    let first = world.sign_in("ada", OLD).await;
    let again = world.sign_in("ada", OLD).await;

    assert!(matches!(first, SignedIn::Challenge(_)));
    assert!(matches!(again, SignedIn::Challenge(_)), "the login is not locked");
}

#[tokio::test]
async fn a_refused_new_password_is_noted_and_locks_nobody_out() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let person = owner(&world).await.person;
    for number in 0..9 {
        assert!(matches!(
            world.sign_in("ada", &format!("wrong password {number}")).await,
            SignedIn::Rejected
        ));
    }
    let change = |new: &str| ChangePassword {
        current_password: OLD.into(),
        new_password: new.into(),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    };

    let weak = world.identity.change_password(&world.caller, &person, &change("password")).await;
    let good = world.identity.change_password(&world.caller, &person, &change(NEW)).await;

    assert_eq!(refusal(weak).reason(), "PASSWORD_REFUSED");
    assert!(good.is_ok(), "{good:?}");
    let reasons: Vec<_> =
        world.log_of("password.changed").await.into_iter().map(|event| event.reason).collect();
    assert!(reasons.contains(&Some("password_refused".to_owned())), "{reasons:?}");
}

#[tokio::test]
async fn one_refused_password_costs_one_attempt_however_often_it_is_sent() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let token = world.proved("ada", "ada@mail.example").await;
    let weak = world.completion(&token, "password");

    for _ in 0..12 {
        let outcome = world.identity.complete_reset(&world.caller, &weak).await;
        assert_eq!(refusal(outcome).reason(), "PASSWORD_REFUSED");
    }

    let good = CompleteReset { request_id: world.request_id(), ..world.completion(&token, NEW) };
    assert!(world.identity.complete_reset(&world.caller, &good).await.is_ok());
}

#[tokio::test]
async fn a_link_that_is_void_is_refused_and_noted_and_its_password_stays_refused() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let token = world.proved("ada", "ada@mail.example").await;
    world.identity.complete_reset(&world.caller, &world.completion(&token, NEW)).await.unwrap();
    let link = world.notices().await[0].variables["link"].clone();
    let repudiate = |request_id: RequestId| Repudiate {
        repudiation_token: link.split_once("token=").unwrap().1.into(),
        request_id,
        context: context("192.0.2.1"),
    };

    world.identity.repudiate_reset(&world.caller, &repudiate(world.request_id())).await.unwrap();
    let spent = world.identity.repudiate_reset(&world.caller, &repudiate(world.request_id())).await;

    assert_eq!(refusal(spent), Refusal::RepudiationInvalid);
    let last = world.log_of("reset.repudiated").await.pop().unwrap();
    assert_eq!((last.outcome.as_str(), last.reason.as_deref()), ("refused", Some("link_spent")));
    let kept = world.identity.store.last_passwords(&world.scope, ada.id, 1).await.unwrap();
    let voided = world.identity.keys.open_password(world.tenant.id, ada.id, &kept[0]).unwrap();
    let matches =
        world.identity.hasher.verify(&voided, &NEW.into(), std::time::Duration::from_secs(60)).await;
    assert!(matches.unwrap().matches);
}
