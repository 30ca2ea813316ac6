//! Changing accounts.

use rekey_primitives::login::Login;

use super::EditTarget;
use crate::directory::AccountName;
use crate::domain::account::Account;
use crate::domain::account_edit::AccountEdit;
use crate::domain::authority::Role;
use crate::domain::refusal::Refusal;
use crate::sign_in::SignedIn;
use crate::testing::{OLD, World, on, refusal, service, signed_in, with_role};

fn logins(texts: &[&str]) -> Option<Vec<Login>> {
    Some(texts.iter().map(|text| Login::parse(text).unwrap()).collect())
}

fn edit(world: &World, account: &Account, edit: AccountEdit) -> EditTarget {
    EditTarget { target: on(world, account), version: None, edit }
}

#[tokio::test]
async fn a_new_login_signs_in_and_an_old_one_no_more_while_sessions_go_on() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let tokens = world.signed_in("ada", OLD).await;
    let proved = world.proved("ada", "ada@mail.example").await;
    let change = AccountEdit { logins: logins(&["ada.king", "lovelace"]), ..AccountEdit::default() };

    let changed =
        world.directory.update_account(&service(&world), &edit(&world, &ada, change)).await.unwrap();

    assert_eq!(changed.logins, ["ada.king", "lovelace"]);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Rejected));
    assert!(matches!(world.sign_in("Lovelace", OLD).await, SignedIn::Tokens(_)));
    assert!(world.live(&tokens).await.is_some());
    let void = world.resets.complete(&world.caller, &world.completion(&proved, crate::testing::NEW)).await;
    assert_eq!(refusal(void), Refusal::ResetInvalid);
    let by_name = AccountName::Login(Login::parse("lovelace").unwrap());
    let found = world.directory.get_account(&service(&world), world.tenant.id, by_name).await.unwrap();
    assert_eq!(found.account_id, ada.id.as_uuid());
}

#[tokio::test]
async fn a_name_of_somebody_else_is_refused_and_nothing_changes() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    world.person_with("bob", &[], |bob| bob.external_id = Some("hr-1".to_owned())).await;
    let taken = |change: AccountEdit| edit(&world, &ada, change);
    let of_bob = AccountEdit { logins: logins(&["ada", "BOB"]), ..AccountEdit::default() };
    let id_of_bob = AccountEdit {
        display_name: Some("Ada King".to_owned()),
        external_id: Some(Some("hr-1".to_owned())),
        ..AccountEdit::default()
    };

    let login = world.directory.update_account(&service(&world), &taken(of_bob)).await;
    let external_id = world.directory.update_account(&service(&world), &taken(id_of_bob)).await;

    assert_eq!(refusal(login), Refusal::LoginTaken);
    assert_eq!(refusal(external_id), Refusal::ExternalIdTaken);
    assert_eq!(world.read(&ada).await, ada);
}

#[tokio::test]
async fn of_two_who_edit_one_version_one_is_told() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let named = |name: &str| EditTarget {
        version: Some(1),
        ..edit(&world, &ada, AccountEdit { display_name: Some(name.to_owned()), ..AccountEdit::default() })
    };
    let first = named("Ada King");

    let done = world.directory.update_account(&service(&world), &first).await.unwrap();
    let late = world.directory.update_account(&service(&world), &named("Ada Lovelace")).await;
    let repeat = world.directory.update_account(&service(&world), &first).await.unwrap();

    assert_eq!((done.version, done.display_name.as_str()), (2, "Ada King"));
    assert_eq!(refusal(late), Refusal::EtagMismatch);
    assert_eq!(repeat, done);
}

#[tokio::test]
async fn a_change_of_nothing_writes_nothing() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let same = AccountEdit { logins: logins(&["ada"]), ..AccountEdit::default() };

    let shown = world.directory.update_account(&service(&world), &edit(&world, &ada, same)).await.unwrap();

    assert_eq!(shown.version, 1);
    assert_eq!(world.read(&ada).await, ada);
}

#[tokio::test]
async fn an_administrator_changes_whom_they_reach_and_never_themselves() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let chief = world.administrator("chief", &[]).await;
    let helper = with_role(&world, "helper", Role::UserAdministrator).await;
    with_role(&world, "reader", Role::HelpdeskAdministrator).await;
    let (acting, reader) = (signed_in(&world, "helper").await, signed_in(&world, "reader").await);
    let must_change = |account| {
        edit(&world, account, AccountEdit { must_change_password: Some(true), ..AccountEdit::default() })
    };

    let reached = world.directory.update_account(&acting, &must_change(&ada)).await.unwrap();
    let beyond = world.directory.update_account(&acting, &must_change(&chief)).await;
    let own = world.directory.update_account(&acting, &must_change(&helper)).await;
    let without = world.directory.update_account(&reader, &must_change(&ada)).await;

    assert!(reached.password.unwrap().must_change);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Challenge(_)));
    assert!(matches!(refusal(beyond), Refusal::AuthorityMissing(_)));
    assert_eq!(refusal(own), Refusal::NotOnYourself);
    assert!(matches!(refusal(without), Refusal::AuthorityMissing(_)));
}
