//! Whoever is refused is in the log, with what was missing.

use rekey_primitives::contact::{Destination, EmailAddress};
use rekey_primitives::id::{AccountId, TenantId};
use uuid::Uuid;

use super::WithoutRole;
use crate::administration::Act;
use crate::directory::{AccountName, NewAccount};
use crate::domain::authority::{Role, RoleSet};
use crate::domain::refusal::Refusal;
use crate::operation::Target;
use crate::security_info::Prefill;
use crate::testing::{Logged, World, new_account, on, refusal, service, signed_in, with_role};
use crate::tokens::AskedPage;

const DENIED: &str = "authz.denied";

fn uuid_of(account: AccountId) -> Option<Uuid> {
    Some(account.as_uuid())
}

/// What each denial says, and about whom.
fn told(denied: &[Logged]) -> Vec<(&str, Option<Uuid>)> {
    denied.iter().map(|event| (event.reason.as_deref().unwrap(), event.subject_id)).collect()
}

#[tokio::test]
async fn who_lacks_reach_or_permission_is_logged_with_what_was_missing() {
    let world = World::new().await;
    let helper = with_role(&world, "helper", Role::UserAdministrator).await;
    let (ada, chief) = (world.person("ada", &[]).await, world.administrator("chief", &[]).await);
    let acting = signed_in(&world, "helper").await;

    world.administration.act(&acting, on(&world, &chief), Act::Block).await.unwrap_err();
    world.administration.act(&acting, on(&world, &helper), Act::Unblock).await.unwrap_err();
    let granting = Act::Grant(Role::HelpdeskAdministrator);
    world.administration.act(&acting, on(&world, &ada), granting).await.unwrap_err();

    let denied = world.log_of(DENIED).await;
    assert_eq!(
        told(&denied),
        [
            ("BlockSignIn: missing block_sign_in on global_administrator", uuid_of(chief.id)),
            ("UnblockSignIn: on_yourself", uuid_of(helper.id)),
            ("GrantRole: missing manage_roles", uuid_of(ada.id)),
        ]
    );
    for event in denied {
        assert_eq!((event.actor_id, event.outcome.as_str()), (uuid_of(helper.id), "refused"));
        assert_eq!(event.ip_address.as_deref(), Some("192.0.2.9"));
    }
}

#[tokio::test]
async fn whoever_reads_or_creates_without_permission_is_logged_too() {
    let world = World::new().await;
    let reader = with_role(&world, "reader", Role::ReportsReader).await;
    let ada = world.person("ada", &[]).await;
    let acting = signed_in(&world, "reader").await;
    let here = world.tenant.id;
    let page = AskedPage { size: 10, token: None };
    let vouching = NewAccount { addresses_confirmed: true, ..new_account(&world, "eve") };

    world.directory.get_account(&acting, here, AccountName::Id(ada.id)).await.unwrap_err();
    let named = AccountName::Login(ada.logins[0].clone());
    world.directory.get_account(&acting, here, named).await.unwrap_err();
    world.directory.list_accounts(&acting, here, &page).await.unwrap_err();
    world.directory.create_account(&acting, new_account(&world, "eve")).await.unwrap_err();
    world.directory.create_account(&acting, vouching).await.unwrap_err();
    world.directory.get_policy(&acting, here, None, true).await.unwrap();

    let denied = world.log_of(DENIED).await;
    assert_eq!(
        told(&denied),
        [
            ("GetAccount: missing read_directory", uuid_of(ada.id)),
            ("LookupAccount: missing read_directory", None),
            ("ListAccounts: missing read_directory", None),
            ("CreateAccount: missing manage_accounts", None),
            ("CreateAccount: addresses_confirmed", None),
        ]
    );
    assert!(denied.iter().all(|event| event.actor_id == uuid_of(reader.id)));
}

#[tokio::test]
async fn another_tenant_is_no_administrators_business() {
    let world = World::new().await;
    let chief = world.administrator("chief", &[]).await;
    let acting = signed_in(&world, "chief").await;
    let elsewhere = TenantId::from_uuid(Uuid::from_u128(9));
    let target = Target { tenant_id: elsewhere, ..on(&world, &chief) };

    let outcome = world.administration.act(&acting, target, Act::Unlock).await;

    assert_eq!(refusal(outcome), Refusal::CallerNotAllowed { missing: "tenants" });
    let denied = world.log_of(DENIED).await;
    assert_eq!(told(&denied), [("UnlockAccount: other_tenant", None)]);
    assert_eq!(denied[0].actor_id, uuid_of(chief.id));
}

#[tokio::test]
async fn the_last_global_administrator_is_kept_and_the_attempt_logged() {
    let world = World::new().await;
    let chief = world.administrator("chief", &[]).await;

    let outcome = world.administration.act(&service(&world), on(&world, &chief), Act::Block).await;

    assert_eq!(refusal(outcome), Refusal::LastGlobalAdministrator);
    let denied = world.log_of(DENIED).await;
    assert_eq!(told(&denied), [("BlockSignIn: last_global_administrator", uuid_of(chief.id))]);
}

#[tokio::test]
async fn denials_of_a_minute_fold_for_one_administrator_and_never_into_anothers() {
    let world = World::new().await;
    let (ada, bob) = (world.administrator("ada", &[]).await, world.administrator("bob", &[]).await);
    let one = with_role(&world, "one", Role::PasswordAdministrator).await;
    let two = with_role(&world, "two", Role::PasswordAdministrator).await;
    let (first, second) = (signed_in(&world, "one").await, signed_in(&world, "two").await);

    for (acting, target) in [(&first, &ada), (&first, &ada), (&second, &ada), (&second, &bob)] {
        world.administration.act(acting, on(&world, target), Act::Unlock).await.unwrap_err();
    }

    let denied = world.log_of(DENIED).await;
    let folded: Vec<_> = denied.iter().map(|event| (event.actor_id, event.subject_id, event.count)).collect();
    assert_eq!(folded, [(uuid_of(one.id), uuid_of(ada.id), 2), (uuid_of(two.id), None, 2)]);
}

#[tokio::test]
async fn whom_the_gate_stopped_is_logged() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;

    world.authorisation.note_without_role(WithoutRole {
        tenant_id: world.tenant.id,
        account_id: ada.id,
        caller: "portal",
        rpc: "GrantRole",
        trace_id: Some([7; 16]),
    });

    let denied = world.log_of(DENIED).await;
    assert_eq!(told(&denied), [("GrantRole: missing role", None)]);
    assert_eq!(denied[0].actor_id, uuid_of(ada.id));
}

#[tokio::test]
async fn either_role_fills_in_for_whom_it_reaches() {
    let world = World::new().await;
    let roles = RoleSet::of(&[Role::AuthenticationAdministrator, Role::UserAdministrator]);
    world.person_with("both", &[], |account| account.roles = roles).await;
    let colleague = with_role(&world, "colleague", Role::UserAdministrator).await;
    let chief = world.administrator("chief", &[]).await;
    let acting = signed_in(&world, "both").await;
    let address = Destination::Email(EmailAddress::parse("new@mail.example").unwrap());
    let fill = |account| Prefill { target: on(&world, account), address: address.clone() };

    let reached = world.security_info.prefill(&acting, &fill(&colleague)).await;
    let beyond = world.security_info.prefill(&acting, &fill(&chief)).await;

    assert!(reached.is_ok(), "{reached:?}");
    assert!(matches!(refusal(beyond), Refusal::AuthorityMissing(_)));
    let denied = world.log_of(DENIED).await;
    let why = "PrefillSecurityInfo: missing manage_accounts on global_administrator";
    assert_eq!(told(&denied), [(why, uuid_of(chief.id))]);
}
