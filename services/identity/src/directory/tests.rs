//! Creating and finding tenants and accounts.

use rekey_primitives::contact::{Destination, EmailAddress};
use rekey_primitives::id::{AccountId, GroupId};
use rekey_primitives::login::Login;
use rekey_primitives::secret::SecretString;

use super::{
    AccountName, FirstTenant, GroupEdit, GroupName, GroupsOf, NewAccount, NewHome, NewTenant, Reach,
    TenantName,
};
use crate::domain::authority::{Role, RoleSet};
use crate::domain::group::{GroupChange, Member};
use crate::domain::refusal::Refusal;
use crate::domain::tenant::Handle;
use crate::operation::{Administrator, Caller};
use crate::sign_in::SignedIn;
use crate::store::accounts::AccountKey;
use crate::testing::{NEW, World, context, new_account, refusal, service, signed_in, with_role};
use crate::tokens::AskedPage;
use crate::views::GroupView;

#[tokio::test]
async fn an_account_is_created_with_a_judged_password_and_found_by_every_name() {
    let world = World::new().await;
    let mut new = new_account(&world, "Grace@Acme.Example");
    new.external_id = Some("E-77".to_owned());
    new.password = Some("grace hopper 1906".into());

    let refused = world.directory.create_account(&service(&world), new.clone()).await;
    new.password = Some(NEW.into());
    new.request_id = world.request_id();
    let created = world.directory.create_account(&service(&world), new.clone()).await.unwrap();
    let repeat = world.directory.create_account(&service(&world), new).await.unwrap();

    assert!(matches!(refusal(refused), Refusal::PasswordRefused(_)));
    assert_eq!(repeat, created);
    let names = [
        AccountName::Id(AccountId::from_uuid(created.account_id)),
        AccountName::Login(Login::parse("Grace@acme.example").unwrap()),
        AccountName::ExternalId("E-77".to_owned()),
    ];
    for name in names {
        let found = world.directory.get_account(&service(&world), world.tenant.id, name).await.unwrap();
        assert_eq!(found, created);
    }
    assert!(matches!(world.sign_in("Grace@acme.example", NEW).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn a_login_belongs_to_one_account() {
    let world = World::new().await;
    world.person("ada", &[]).await;

    let outcome = world.directory.create_account(&service(&world), new_account(&world, "ADA")).await;

    assert_eq!(refusal(outcome), Refusal::LoginTaken);
}

#[tokio::test]
async fn a_login_of_any_script_signs_in_and_is_listed() {
    let world = World::new().await;
    let logins = [
        ("ᏣᎳᎩ", " ᏣᎳᎩ\u{200e}"),
        ("דוד.כהן", "דוד.כהן"),
        ("דוד@דוגמה.קום", "\u{202b}דוד@xn--6dbbec0c.xn--9dbq2a\u{202c}"),
        ("ΝΙΚΟΣ.ΜΑΣ", "νικος.μας"),
    ];

    for (given, typed) in logins {
        let new = NewAccount { password: Some(NEW.into()), ..new_account(&world, given) };
        world.directory.create_account(&service(&world), new).await.unwrap();
        assert!(matches!(world.sign_in(typed, NEW).await, SignedIn::Tokens(_)), "{given}");
    }

    let all = AskedPage { size: 10, token: None };
    let listed = world.directory.list_accounts(&service(&world), world.tenant.id, &all).await.unwrap();
    assert_eq!(listed.items.len(), logins.len());
}

#[tokio::test]
async fn only_a_backend_may_vouch_for_addresses() {
    let world = World::masked().await;
    world.administrator("chief", &[]).await;
    let address = Destination::Email(EmailAddress::parse("grace@mail.example").unwrap());
    let vouched = NewAccount {
        addresses: vec![address.clone(), address],
        addresses_confirmed: true,
        ..new_account(&world, "grace")
    };

    let by_person = world.directory.create_account(&signed_in(&world, "chief").await, vouched.clone()).await;
    let created = world.directory.create_account(&service(&world), vouched).await.unwrap();

    assert_eq!(refusal(by_person), Refusal::CallerNotAllowed { missing: "in_own_name" });
    let key = AccountKey::Id(AccountId::from_uuid(created.account_id));
    let grace = world.parts.store.find_account(&world.scope, &key).await.unwrap().unwrap();
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
        let page = world.directory.list_accounts(&service, world.tenant.id, &asked(token)).await.unwrap();
        seen.extend(page.items.iter().map(|account| account.logins[0].clone()));
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    let first = world.directory.list_accounts(&service, world.tenant.id, &asked(None)).await.unwrap();
    let elsewhere = world
        .directory
        .list_tenants(&world.caller, &Reach::Everywhere, false, &asked(first.next.clone()))
        .await;
    world.pass(4 * 86_400);
    let late = world.directory.list_accounts(&service, world.tenant.id, &asked(first.next)).await;

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
        home: NewHome::Here,
        request_id: world.request_id(),
    };
    let context = context("192.0.2.9");

    let found = world.directory.look_up_tenant(&world.caller, name()).await.unwrap();
    let hidden = world.directory.look_up_tenant(&stranger, name()).await;
    let bounded = Reach::Only(vec![world.tenant.id]);
    let created = world.directory.create_tenant(&world.caller, &bounded, new("other"), &context).await;
    let taken = world.directory.create_tenant(&world.caller, &Reach::Everywhere, new("acme"), &context).await;

    assert_eq!(found.tenant.tenant_id, world.tenant.id.as_uuid());
    assert_eq!(refusal(hidden), Refusal::TenantNotFound);
    assert_eq!(refusal(created), Refusal::CallerNotAllowed { missing: "tenants" });
    assert_eq!(refusal(taken), Refusal::TenantTaken);
}

#[tokio::test]
async fn a_store_begins_once() {
    let world = World::new().await;
    let beginning = FirstTenant {
        handle: Handle::parse("first").unwrap(),
        display_name: "First".to_owned(),
        login: Login::parse("chief").unwrap(),
        address: None,
        administrator: None,
        password: NEW.into(),
    };

    let cut_off = world.directory.bootstrap(beginning.clone()).await.unwrap();
    let same_handle = FirstTenant { handle: world.tenant.handle.clone(), ..beginning };
    let begun = world.directory.bootstrap(same_handle.clone()).await.unwrap().unwrap();
    let again = world.directory.bootstrap(same_handle).await.unwrap();

    assert_eq!((cut_off, again), (None, None));
    assert_eq!(begun.tenant_id, world.tenant.id);
    let key = AccountKey::Id(begun.account_id);
    let chief = world.parts.store.find_account(&world.scope, &key).await.unwrap().unwrap();
    assert_eq!(chief.roles, RoleSet::of(&[Role::GlobalAdministrator]));
}

#[tokio::test]
async fn who_decides_about_the_policy_sees_the_groups_and_nobody_in_them() {
    let world = World::new().await;
    let here = world.tenant.id;
    for (login, role) in [("maker", Role::PolicyAdministrator), ("reader", Role::ReportsReader)] {
        with_role(&world, login, role).await;
    }
    let (maker, reader) = (signed_in(&world, "maker").await, signed_in(&world, "reader").await);
    let asked = AskedPage { size: 10, token: None };
    let created =
        world.directory.create_group(&service(&world), here, "Guests", world.request_id()).await.unwrap();
    let name = GroupName { tenant_id: here, group_id: GroupId::from_uuid(created.group_id) };

    let one = world.directory.get_group(&maker, name).await.unwrap();
    let all = world.directory.list_groups(&maker, here, &asked).await.unwrap();
    let members = world.directory.list_group_members(&maker, name, &asked).await;
    let accounts = world.directory.list_accounts(&maker, here, &asked).await;
    let of_reader = world.directory.list_groups(&reader, here, &asked).await;

    assert_eq!((one.display_name.as_str(), all.items), ("Guests", vec![created]));
    assert!(matches!(refusal(members), Refusal::AuthorityMissing(_)));
    assert!(matches!(refusal(accounts), Refusal::AuthorityMissing(_)));
    assert!(matches!(refusal(of_reader), Refusal::AuthorityMissing(_)));
}

/// Puts an account into the first of three new groups, and that into the second: those two as they are now, oldest first.
async fn two_groups_around(world: &World, account: AccountId) -> Vec<GroupView> {
    let (service, tenant_id) = (service(world), world.tenant.id);
    let mut ids = Vec::new();
    for name in ["Guests", "Staff", "Board"] {
        let created = world.directory.create_group(&service, tenant_id, name, world.request_id()).await;
        ids.push(GroupId::from_uuid(created.unwrap().group_id));
    }
    let mut around = Vec::new();
    for (group_id, member) in [(ids[0], Member::Account(account)), (ids[1], Member::Group(ids[0]))] {
        let name = GroupName { tenant_id, group_id };
        let edit = GroupEdit { name, change: GroupChange::Add(vec![member]), request_id: world.request_id() };
        around.push(world.directory.edit_group(&service, &edit).await.unwrap());
    }
    around.sort_by_key(|group| group.group_id);
    around
}

#[tokio::test]
async fn the_groups_of_an_account_come_in_pages_of_their_own() {
    let world = World::new().await;
    let here = world.tenant.id;
    let (ada, bob) = (world.person("ada", &[]).await, world.person("bob", &[]).await);
    let around = two_groups_around(&world, ada.id).await;
    let service = service(&world);
    let page = |token| AskedPage { size: 1, token };
    let of = |account_id| GroupsOf { tenant_id: here, account_id, may_list_members: true };

    let first = world.directory.list_groups_of(&service, of(ada.id), &page(None)).await.unwrap();
    let rest = page(first.next);
    let second = world.directory.list_groups_of(&service, of(ada.id), &rest).await.unwrap();
    let of_bob = world.directory.list_groups_of(&service, of(bob.id), &page(None)).await.unwrap();
    let of_another = world.directory.list_groups_of(&service, of(bob.id), &rest).await;
    let of_nobody = world.directory.list_groups(&service, here, &rest).await;

    assert_eq!([first.items, second.items].concat(), around);
    assert!(second.next.is_none());
    assert_eq!((of_bob.items, of_bob.next.is_none()), (vec![], true));
    assert_eq!(refusal(of_another), Refusal::PageTokenInvalid);
    assert_eq!(refusal(of_nobody), Refusal::PageTokenInvalid);
}

#[tokio::test]
async fn the_groups_of_an_account_are_for_those_who_may_see_members() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    for (login, role) in [("maker", Role::PolicyAdministrator), ("desk", Role::HelpdeskAdministrator)] {
        with_role(&world, login, role).await;
    }
    let (maker, desk) = (signed_in(&world, "maker").await, signed_in(&world, "desk").await);
    let around = two_groups_around(&world, ada.id).await;
    let of = |account_id| GroupsOf { tenant_id: world.tenant.id, account_id, may_list_members: false };
    let nobody = AccountId::from_uuid(uuid::Uuid::nil());
    let list = async |who: &Administrator, account_id| {
        world.directory.list_groups_of(who, of(account_id), &AskedPage::default()).await
    };

    let to_desk = list(&desk, ada.id).await.unwrap();
    let unknown = list(&desk, nobody).await;
    let to_maker = [list(&maker, ada.id).await, list(&maker, nobody).await];
    let to_backend = [list(&service(&world), ada.id).await, list(&service(&world), nobody).await];

    assert_eq!(to_desk.items, around);
    assert_eq!(refusal(unknown), Refusal::AccountNotFound);
    for outcome in to_maker {
        assert!(matches!(refusal(outcome), Refusal::AuthorityMissing(_)));
    }
    for outcome in to_backend {
        assert_eq!(refusal(outcome), Refusal::CallerNotAllowed { missing: "methods" });
    }
}
