//! Administrators and what they may do to whom, and the directory.

use rekey_primitives::contact::{Destination, EmailAddress};
use rekey_primitives::id::AccountId;
use rekey_primitives::login::Login;
use rekey_primitives::secret::SecretString;

use super::world::{NEW, OLD, World, context, refusal};
use crate::domain::account::Account;
use crate::domain::authority::{Role, RoleSet};
use crate::domain::refusal::Refusal;
use crate::domain::tenant::Handle;
use crate::flows::accounts::{AccountName, NewAccount};
use crate::flows::administration::{Act, Target};
use crate::flows::administrator::Administrator;
use crate::flows::first::Beginning;
use crate::flows::pages::AskedPage;
use crate::flows::sign_in::SignedIn;
use crate::flows::tenants::{NewTenant, Reach, TenantName};
use crate::flows::{Caller, Error, Person};
use crate::store::accounts::AccountKey;

pub(super) fn service(world: &World) -> Administrator {
    Administrator { caller: world.caller.clone(), person: None, context: context("192.0.2.9") }
}

/// The person behind a live sign-in, as an administrator.
pub(super) async fn signed_in(world: &World, login: &str) -> Administrator {
    let tokens = world.signed_in(login, OLD).await;
    let person: Option<Person> = world.live(&tokens).await;
    Administrator { person, ..service(world) }
}

pub(super) fn on(world: &World, account: &Account) -> Target {
    Target { tenant_id: world.tenant.id, account_id: account.id, request_id: world.request_id() }
}

pub(super) async fn with_role(world: &World, login: &str, role: Role) -> Account {
    world.person_with(login, &[], |account| account.roles = RoleSet::of(&[role])).await
}

pub(super) fn new_account(world: &World, login: &str) -> NewAccount {
    NewAccount {
        tenant_id: world.tenant.id,
        logins: vec![Login::parse(login).unwrap()],
        display_name: Some("Grace Hopper".to_owned()),
        external_id: None,
        password: None,
        addresses: Vec::new(),
        addresses_confirmed: false,
        must_change_password: false,
        managed_elsewhere: false,
        roles: RoleSet::EMPTY,
        request_id: world.request_id(),
    }
}

fn is_authority_missing(outcome: Result<impl std::fmt::Debug, Error>) -> bool {
    matches!(refusal(outcome), Refusal::AuthorityMissing(_))
}

#[tokio::test]
async fn a_blocked_person_is_out_at_once_and_in_again_when_unblocked() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let tokens = world.signed_in("ada", OLD).await;

    let blocked = world.identity.administer(&service(&world), on(&world, &ada), Act::Block).await.unwrap();

    assert!(blocked.blocked);
    assert_eq!(world.live(&tokens).await, None);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Rejected));
    let again = world.identity.administer(&service(&world), on(&world, &ada), Act::Unblock).await.unwrap();
    assert!(!again.blocked);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
    assert_eq!(world.live(&tokens).await, None);
}

#[tokio::test]
async fn a_repeated_act_gets_the_first_answer_and_other_content_none() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada", &[]).await, world.person("bob", &[]).await);
    let target = on(&world, &ada);

    let first = world.identity.administer(&service(&world), target, Act::Block).await.unwrap();
    world.identity.administer(&service(&world), on(&world, &ada), Act::Unblock).await.unwrap();
    let repeat = world.identity.administer(&service(&world), target, Act::Block).await.unwrap();

    assert_eq!(repeat, first);
    assert!(!world.read(&ada).await.blocked);
    let other = Target { account_id: bob.id, ..target };
    let outcome = world.identity.administer(&service(&world), other, Act::Block).await;
    assert_eq!(refusal(outcome), Refusal::RequestIdReused);
}

#[tokio::test]
async fn an_act_that_changes_nothing_writes_nothing() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;

    let shown = world.identity.administer(&service(&world), on(&world, &ada), Act::Unblock).await.unwrap();

    assert_eq!((shown.version, world.read(&ada).await), (1, ada));
}

#[tokio::test]
async fn an_administrator_acts_within_reach_and_never_on_themselves() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let helper = with_role(&world, "helper", Role::UserAdministrator).await;
    let chief = world.administrator("chief", &[]).await;
    let acting = signed_in(&world, "helper").await;

    let reached = world.identity.administer(&acting, on(&world, &ada), Act::Block).await;
    let beyond = world.identity.administer(&acting, on(&world, &chief), Act::Block).await;
    let own = world.identity.administer(&acting, on(&world, &helper), Act::Block).await;
    let granting = Act::Grant(Role::HelpdeskAdministrator);
    let grant = world.identity.administer(&acting, on(&world, &ada), granting).await;

    assert!(reached.unwrap().blocked);
    assert!(is_authority_missing(beyond));
    assert_eq!(refusal(own), Refusal::NotOnYourself);
    assert!(is_authority_missing(grant));
    assert!(!world.read(&chief).await.blocked);
}

#[tokio::test]
async fn a_role_that_was_taken_away_acts_no_more() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let helper = with_role(&world, "helper", Role::UserAdministrator).await;
    let acting = signed_in(&world, "helper").await;

    let revoke = Act::Revoke(Role::UserAdministrator);
    world.identity.administer(&service(&world), on(&world, &helper), revoke).await.unwrap();

    // The token still names the role; the store does not.
    assert!(is_authority_missing(world.identity.administer(&acting, on(&world, &ada), Act::Block).await));
    let name = AccountName::Id(ada.id);
    assert!(is_authority_missing(world.identity.get_account(&acting, world.tenant.id, name).await));
}

#[tokio::test]
async fn the_last_global_administrator_stays() {
    let world = World::new().await;
    let chief = world.administrator("chief", &[]).await;
    let second = world.administrator("second", &[]).await;
    let service = service(&world);

    let revoke = Act::Revoke(Role::GlobalAdministrator);
    world.identity.administer(&service, on(&world, &second), revoke).await.unwrap();
    let demoted = world.identity.administer(&service, on(&world, &chief), revoke).await;
    let blocked = world.identity.administer(&service, on(&world, &chief), Act::Block).await;

    assert_eq!(refusal(demoted), Refusal::LastGlobalAdministrator);
    assert_eq!(refusal(blocked), Refusal::LastGlobalAdministrator);
    assert!(world.read(&chief).await.is_open());
}

#[tokio::test]
async fn two_demotions_at_once_leave_one_global_administrator() {
    let world = World::new().await;
    let chief = world.administrator("chief", &[]).await;
    let second = world.administrator("second", &[]).await;
    let (service, revoke) = (service(&world), Act::Revoke(Role::GlobalAdministrator));

    let (left, right) = tokio::join!(
        world.identity.administer(&service, on(&world, &chief), revoke),
        world.identity.administer(&service, on(&world, &second), revoke),
    );

    assert_eq!([left.is_ok(), right.is_ok()].into_iter().filter(|done| *done).count(), 1);
}

#[tokio::test]
async fn unlocking_forgets_wrong_passwords() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    for guess in 0..10 {
        world.sign_in("ada", &format!("wrong guess number {guess}")).await;
    }
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Rejected));

    world.identity.administer(&service(&world), on(&world, &ada), Act::Unlock).await.unwrap();

    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn a_repeated_unlock_unlocks_nothing_again_and_nobody_else() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada", &[]).await, world.person("bob", &[]).await);
    let target = on(&world, &ada);
    world.identity.administer(&service(&world), target, Act::Unlock).await.unwrap();
    for guess in 0..10 {
        world.sign_in("ada", &format!("wrong guess number {guess}")).await;
        world.sign_in("bob", &format!("wrong guess number {guess}")).await;
    }

    let repeat = world.identity.administer(&service(&world), target, Act::Unlock).await;
    let other = Target { account_id: bob.id, ..target };
    let other = world.identity.administer(&service(&world), other, Act::Unlock).await;

    assert!(repeat.is_ok());
    assert_eq!(refusal(other), Refusal::RequestIdReused);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Rejected));
    assert!(matches!(world.sign_in("bob", OLD).await, SignedIn::Rejected));
}

#[tokio::test]
async fn an_account_is_created_with_a_judged_password_and_found_by_every_name() {
    let world = World::new().await;
    let mut new = new_account(&world, "Grace@Acme.Example");
    new.external_id = Some("E-77".to_owned());
    new.password = Some("grace hopper 1906".into());

    let refused = world.identity.create_account(&service(&world), new.clone()).await;
    new.password = Some(NEW.into());
    new.request_id = world.request_id();
    let created = world.identity.create_account(&service(&world), new.clone()).await.unwrap();
    let repeat = world.identity.create_account(&service(&world), new).await.unwrap();

    assert!(matches!(refusal(refused), Refusal::PasswordRefused(_)));
    assert_eq!(repeat, created);
    let names = [
        AccountName::Id(AccountId::from_uuid(created.account_id)),
        AccountName::Login(Login::parse("Grace@acme.example").unwrap()),
        AccountName::ExternalId("E-77".to_owned()),
    ];
    for name in names {
        let found = world.identity.get_account(&service(&world), world.tenant.id, name).await.unwrap();
        assert_eq!(found, created);
    }
    assert!(matches!(world.sign_in("Grace@acme.example", NEW).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn a_login_belongs_to_one_account() {
    let world = World::new().await;
    world.person("ada", &[]).await;

    let outcome = world.identity.create_account(&service(&world), new_account(&world, "ADA")).await;

    assert_eq!(refusal(outcome), Refusal::LoginTaken);
}

#[tokio::test]
async fn only_a_backend_may_vouch_for_addresses() {
    let world = World::new().await;
    world.administrator("chief", &[]).await;
    let address = Destination::Email(EmailAddress::parse("grace@mail.example").unwrap());
    let vouched = NewAccount {
        addresses: vec![address.clone(), address],
        addresses_confirmed: true,
        ..new_account(&world, "grace")
    };

    let by_person = world.identity.create_account(&signed_in(&world, "chief").await, vouched.clone()).await;
    let created = world.identity.create_account(&service(&world), vouched).await.unwrap();

    assert_eq!(refusal(by_person), Refusal::CallerNotAllowed);
    let key = AccountKey::Id(AccountId::from_uuid(created.account_id));
    let grace = world.identity.store.find_account(&world.scope, &key).await.unwrap().unwrap();
    assert_eq!(grace.security_info.len(), 1);
    assert!(grace.security_info[0].is_first && grace.security_info[0].is_default);
    assert_eq!(world.start("grace").await.unwrap().methods.len(), 1);
}

#[tokio::test]
async fn a_list_goes_on_where_the_page_ended_and_only_for_the_same_question() {
    let world = World::new().await;
    for number in 0..5 {
        // Ids rise by the millisecond.
        world.pass(1);
        world.person(&format!("person{number}"), &[]).await;
    }
    let service = service(&world);
    let asked = |token: Option<SecretString>| AskedPage { size: 2, token };

    let mut seen = Vec::new();
    let mut token = None;
    loop {
        let page = world.identity.list_accounts(&service, world.tenant.id, &asked(token)).await.unwrap();
        seen.extend(page.items.iter().map(|account| account.logins[0].clone()));
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    let first = world.identity.list_accounts(&service, world.tenant.id, &asked(None)).await.unwrap();
    let elsewhere =
        world.identity.list_tenants(&world.caller, &Reach::Everywhere, &asked(first.next.clone())).await;
    world.pass(4 * 86_400);
    let late = world.identity.list_accounts(&service, world.tenant.id, &asked(first.next)).await;

    assert_eq!(seen, ["person0", "person1", "person2", "person3", "person4"]);
    assert_eq!(refusal(elsewhere), Refusal::PageTokenInvalid);
    assert_eq!(refusal(late), Refusal::PageTokenInvalid);
}

#[tokio::test]
async fn a_tenant_is_there_only_for_callers_that_reach_it() {
    let world = World::new().await;
    let stranger = Caller::new("stranger", |_| false);
    let name = || TenantName::Handle(Handle::parse("acme").unwrap());
    let new = |handle: &str| NewTenant {
        handle: Handle::parse(handle).unwrap(),
        display_name: "Other".to_owned(),
        domains: Vec::new(),
        licensed_accounts: None,
        request_id: world.request_id(),
    };
    let context = context("192.0.2.9");

    let found = world.identity.look_up_tenant(&world.caller, name()).await.unwrap();
    let hidden = world.identity.look_up_tenant(&stranger, name()).await;
    let bounded = Reach::Only(vec![world.tenant.id]);
    let created = world.identity.create_tenant(&world.caller, &bounded, new("other"), &context).await;
    let taken = world.identity.create_tenant(&world.caller, &Reach::Everywhere, new("acme"), &context).await;

    assert_eq!(found.tenant_id, world.tenant.id.as_uuid());
    assert_eq!(refusal(hidden), Refusal::TenantNotFound);
    assert_eq!(refusal(created), Refusal::CallerNotAllowed);
    assert_eq!(refusal(taken), Refusal::TenantTaken);
}

#[tokio::test]
async fn a_store_begins_once() {
    let world = World::new().await;
    let beginning = Beginning {
        handle: Handle::parse("first").unwrap(),
        display_name: "First".to_owned(),
        login: Login::parse("chief").unwrap(),
        address: None,
        administrator: None,
        password: NEW.into(),
    };

    let cut_off = world.identity.begin(beginning.clone()).await.unwrap();
    let same_handle = Beginning { handle: world.tenant.handle.clone(), ..beginning };
    let begun = world.identity.begin(same_handle.clone()).await.unwrap().unwrap();
    let again = world.identity.begin(same_handle).await.unwrap();

    assert_eq!((cut_off, again), (None, None));
    assert_eq!(begun.tenant_id, world.tenant.id);
    let key = AccountKey::Id(begun.account_id);
    let chief = world.identity.store.find_account(&world.scope, &key).await.unwrap().unwrap();
    assert_eq!(chief.roles, RoleSet::of(&[Role::GlobalAdministrator]));
}
