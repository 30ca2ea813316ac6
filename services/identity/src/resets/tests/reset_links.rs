//! Passwords set by one-time links that administrators had sent.

use futures_util::FutureExt as _;
use rekey_primitives::secret::SecretString;

use super::*;
use crate::administration::{PasswordResetView, ResetMode};
use crate::domain::account::Account;
use crate::domain::password::Verdict;
use crate::resets::RedeemLink;
use crate::testing::{on, service};

const LINK: &str = "https://id.acme.example/new-password?token=";

/// A reset by link.
async fn reset_by_link(world: &World, account: &Account) -> PasswordResetView {
    let (service, mode) = (service(world), ResetMode::Link);
    world.administration.reset_password(&service, on(world, account), &mode).await.unwrap()
}

/// The token of the only link that was mailed.
async fn mailed_token(world: &World) -> SecretString {
    let links: Vec<String> =
        world.notices().await.iter().filter_map(|mail| mail.variables.get("link").cloned()).collect();
    assert_eq!(links.len(), 1, "{links:?}");
    SecretString::from(links[0].split_once("token=").unwrap().1)
}

fn redeem(world: &World, token: &SecretString, password: &str) -> RedeemLink {
    RedeemLink {
        link_token: token.clone(),
        new_password: password.into(),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    }
}

async fn with_portal() -> World {
    let mut world = World::new().await;
    world.adapt(|parts| parts.settings.portal_url = "https://id.acme.example".to_owned());
    world
}

#[tokio::test]
async fn a_link_takes_the_old_password_and_sets_a_new_one_once() {
    let world = with_portal().await;
    let ada = world.person("ada", &["ada@mail.example", "+4915112345678"]).await;
    let before = world.signed_in("ada", OLD).await;

    let sent = reset_by_link(&world, &ada).await;

    assert_eq!((sent.sessions_revoked, world.live(&before).await), (1, None));
    assert_eq!(sent.link_expires_at, Some(world.now().plus(std::time::Duration::from_secs(86_400))));
    assert_eq!(sent.masked_destinations.len(), 1);
    assert!(!sent.masked_destinations[0].contains("ada@mail.example"));
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Rejected));
    let mut mails = world.notices().await;
    mails.sort_by(|one, other| one.template.cmp(&other.template));
    let told: Vec<_> = mails.iter().map(|mail| (mail.template.as_str(), mail.address.as_str())).collect();
    assert_eq!(
        told,
        [
            ("password_reset_by_administrator_notice", "+4915112345678"),
            ("password_reset_link", "ada@mail.example"),
        ]
    );
    let url = &mails[1].variables["link"];
    assert!(url.starts_with(LINK), "{url}");
    let token = SecretString::from(url.strip_prefix(LINK).unwrap());

    let first = redeem(&world, &token, NEW);
    let done = world.resets.redeem_link(&world.caller, &first).await.unwrap();
    let repeat = world.resets.redeem_link(&world.caller, &first).await.unwrap();
    let again = redeem(&world, &token, "another quiet heron by the pier");
    let spent = world.resets.redeem_link(&world.caller, &again).await;

    assert_eq!(done, repeat);
    assert_eq!(refusal(spent), Refusal::ResetLinkInvalid);
    assert!(matches!(world.sign_in("ada", NEW).await, SignedIn::Tokens(_)));
    assert_eq!(world.log_of("reset.link_redeemed").await.len(), 2);
    assert_eq!(world.log_of("password.reset_by_administrator").await.len(), 1);
}

#[tokio::test]
async fn a_refused_password_leaves_the_link() {
    let world = with_portal().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    reset_by_link(&world, &ada).await;
    let token = mailed_token(&world).await;
    let set = async |password: &str| {
        world.resets.redeem_link(&world.caller, &redeem(&world, &token, password)).await
    };

    let weak = set("password1").await;
    let last = set(OLD).await;
    let good = set(NEW).await;

    assert!(matches!(refusal(weak), Refusal::PasswordRefused(_)));
    assert_eq!(refusal(last), Refusal::PasswordRefused(Verdict::reused()));
    assert!(good.is_ok(), "{good:?}");
}

#[tokio::test]
async fn a_link_is_no_way_to_try_passwords_without_end() {
    let world = with_portal().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    reset_by_link(&world, &ada).await;
    let token = mailed_token(&world).await;

    for _ in 0..10 {
        let weak = redeem(&world, &token, "password1");
        assert!(matches!(
            refusal(world.resets.redeem_link(&world.caller, &weak).await),
            Refusal::PasswordRefused(_)
        ));
    }
    let eleventh = world.resets.redeem_link(&world.caller, &redeem(&world, &token, NEW)).await;

    assert_eq!(refusal(eleventh), Refusal::AttemptsExhausted);
}

#[tokio::test]
async fn a_link_dies_with_its_day_a_block_and_another_reset() {
    let world = with_portal().await;
    for what in ["time", "block", "reset"] {
        let person = world.person(what, &[&format!("{what}@mail.example")]).await;
        reset_by_link(&world, &person).await;
        let token = mailed_token(&world).await;
        world.pass(120);
        match what {
            "time" => world.pass(86_400),
            "block" => world.change(&world.read(&person).await, AccountChange::Blocked(true)).await,
            _ => drop(reset_by_link(&world, &person).await),
        }

        let dead = world.resets.redeem_link(&world.caller, &redeem(&world, &token, NEW)).await;

        assert_eq!(refusal(dead), Refusal::ResetLinkInvalid, "{what}");
        world.pass(120);
        world.notices().await;
    }
}

#[tokio::test]
async fn a_link_that_finds_no_room_to_hash_loses_no_attempt() {
    let mut world = with_portal().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    reset_by_link(&world, &ada).await;
    let token = mailed_token(&world).await;
    world.occupy_hashing();

    for _ in 0..12 {
        let request = redeem(&world, &token, NEW);
        let at_once = world.resets.redeem_link(&world.caller, &request).now_or_never();
        assert!(matches!(refusal(at_once.unwrap()), Refusal::HashingBusy { .. }));
    }
    world.free_hashing();
    world.resets.redeem_link(&world.caller, &redeem(&world, &token, NEW)).await.unwrap();

    assert!(matches!(world.sign_in("ada", NEW).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn no_link_goes_where_nobody_could_use_it() {
    let world = with_portal().await;
    let without = world.person("without", &["+4915112345678"]).await;
    let blocked = world.person_with("blocked", &["b@mail.example"], |account| account.blocked = true).await;
    let elsewhere =
        world.person_with("elsewhere", &["e@mail.example"], |account| account.managed_elsewhere = true).await;
    let reset = async |account: &Account| {
        let (service, mode) = (service(&world), ResetMode::Link);
        refusal(world.administration.reset_password(&service, on(&world, account), &mode).await)
    };

    let refused = [reset(&without).await, reset(&blocked).await, reset(&elsewhere).await];

    assert_eq!(
        refused,
        [Refusal::NoAddressForLink, Refusal::AccountNotOpen, Refusal::PasswordManagedElsewhere]
    );
    assert!(matches!(world.sign_in("without", OLD).await, SignedIn::Tokens(_)));
    assert_eq!(world.notices().await, []);
}

#[tokio::test]
async fn whoever_has_no_password_yet_gets_a_first_one_by_link() {
    let world = with_portal().await;
    let ada = world.person_with("ada", &["ada@mail.example"], |account| account.password = None).await;
    let sent = reset_by_link(&world, &ada).await;
    let token = mailed_token(&world).await;

    world.resets.redeem_link(&world.caller, &redeem(&world, &token, NEW)).await.unwrap();

    assert_eq!(sent.expires_at, None);
    assert!(matches!(world.sign_in("ada", NEW).await, SignedIn::Tokens(_)));
}
