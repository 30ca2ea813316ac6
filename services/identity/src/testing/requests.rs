//! What administrators and integrators ask for, as most tests want it.

use rekey_primitives::login::Login;

use super::{OLD, World, context};
use crate::directory::NewAccount;
use crate::domain::account::Account;
use crate::domain::authority::{Role, RoleSet};
use crate::operation::{Administrator, Target};

pub(crate) fn service(world: &World) -> Administrator {
    Administrator { caller: world.caller.clone(), person: None, context: context("192.0.2.9") }
}

/// The person behind a live sign-in, as an administrator.
pub(crate) async fn signed_in(world: &World, login: &str) -> Administrator {
    let tokens = world.signed_in(login, OLD).await;
    Administrator { person: world.live(&tokens).await, ..service(world) }
}

pub(crate) fn on(world: &World, account: &Account) -> Target {
    Target { tenant_id: world.tenant.id, account_id: account.id, request_id: world.request_id() }
}

pub(crate) async fn with_role(world: &World, login: &str, role: Role) -> Account {
    world.person_with(login, &[], |account| account.roles = RoleSet::of(&[role])).await
}

pub(crate) fn new_account(world: &World, login: &str) -> NewAccount {
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
