//! Access passes, issued, ended and signed in with.

use rekey_primitives::secret::ExposeSecret as _;

use super::*;
use crate::domain::access_pass::{USUAL_LENGTH, USUAL_LIFE};
use crate::domain::authority::Role;
use crate::domain::refusal::Refusal;
use crate::sign_in::{SignInWithPass, SignedIn};
use crate::store::accounts::AccountChange;
use crate::testing::{OLD, World, on, refusal, service, signed_in, with_role};

const USUAL: PassShape = PassShape { length: USUAL_LENGTH, life: USUAL_LIFE, one_time: false };
const ONCE: PassShape = PassShape { one_time: true, ..USUAL };

impl World {
    async fn pass_of(&self, account: &Account, shape: PassShape) -> String {
        let issued = self.administration.issue_pass(&service(self), on(self, account), shape).await.unwrap();
        issued.access_pass.expose_secret().to_owned()
    }

    async fn sign_in_with_pass(&self, login: &str, access_pass: &str) -> SignedIn {
        let request = SignInWithPass {
            tenant_id: self.tenant.id,
            login: login.to_owned(),
            access_pass: access_pass.into(),
            request_id: self.request_id(),
            context: crate::testing::context("192.0.2.1"),
        };
        self.sign_ins.sign_in_with_pass(&self.caller, &request).await.unwrap()
    }

    async fn is_in_with_pass(&self, login: &str, access_pass: &str) -> bool {
        matches!(self.sign_in_with_pass(login, access_pass).await, SignedIn::Tokens(_))
    }
}

#[tokio::test]
async fn a_pass_signs_in_until_its_time_is_over() {
    let world = World::new().await;
    let ada = world.person_with("ada", &["ada@mail.example"], |account| account.password = None).await;
    let pass = world.pass_of(&ada, USUAL).await;
    let typed = pass.to_lowercase().replacen('0', "o", 1);

    let SignedIn::Tokens(tokens) = world.sign_in_with_pass("ada", &typed).await else { panic!("not in") };
    let live = world.live(&tokens).await.is_some();
    let again = world.is_in_with_pass("ada", &pass).await;
    world.pass(3_600);
    let late = world.is_in_with_pass("ada", &pass).await;

    assert_eq!((live, again, late), (true, true, false));
    assert_eq!(world.log_of("access_pass.issued").await.len(), 1);
    assert_eq!(world.log_of("access_pass.used").await.len(), 2);
    assert_eq!(world.notices().await[0].template, "access_pass_notice");
}

#[tokio::test]
async fn a_one_time_pass_opens_one_session_however_often_it_is_tried_at_once() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let pass = world.pass_of(&ada, ONCE).await;

    let (left, right) =
        tokio::join!(world.is_in_with_pass("ada", &pass), world.is_in_with_pass("ada", &pass));
    let later = world.is_in_with_pass("ada", &pass).await;

    assert_eq!([left, right, later].iter().filter(|signed_in| **signed_in).count(), 1);
}

#[tokio::test]
async fn an_account_has_one_pass_and_a_new_password_ends_it() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let first = world.pass_of(&ada, USUAL).await;
    let second = world.pass_of(&ada, USUAL).await;

    let replaced = world.is_in_with_pass("ada", &first).await;
    let serves = world.is_in_with_pass("ada", &second).await;
    let mode = crate::administration::ResetMode::RequireChange;
    world.administration.reset_password(&service(&world), on(&world, &ada), &mode).await.unwrap();
    let ended = world.is_in_with_pass("ada", &second).await;

    assert_eq!((replaced, serves, ended), (false, true, false));
}

#[tokio::test]
async fn a_revoked_pass_and_a_blocked_account_let_nobody_in() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada", &[]).await, world.person("bob", &[]).await);
    let (of_ada, of_bob) = (world.pass_of(&ada, USUAL).await, world.pass_of(&bob, USUAL).await);
    let target = on(&world, &ada);
    let revoke = async |target| world.administration.revoke_pass(&service(&world), target).await.unwrap();
    world.change(&bob, AccountChange::Blocked(true)).await;

    let outcomes = (revoke(target).await, revoke(target).await, revoke(on(&world, &ada)).await);

    assert_eq!(outcomes, (true, true, false));
    assert!(!world.is_in_with_pass("ada", &of_ada).await);
    assert!(!world.is_in_with_pass("bob", &of_bob).await);
    assert!(!world.is_in_with_pass("nobody", &of_bob).await);
    assert_eq!(world.log_of("access_pass.revoked").await.len(), 1);
}

#[tokio::test]
async fn five_wrong_passes_lock_passes_and_leave_the_password() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada", &[]).await, world.person("bob", &[]).await);
    let (of_ada, of_bob) = (world.pass_of(&ada, USUAL).await, world.pass_of(&bob, USUAL).await);
    for guess in 0..5 {
        for login in ["ada", "bob"] {
            assert!(!world.is_in_with_pass(login, &format!("WRNGGVESS{guess}")).await);
        }
    }

    let locked = [world.is_in_with_pass("ada", &of_ada).await, world.is_in_with_pass("bob", &of_bob).await];
    let with_password = world.sign_in("bob", OLD).await;
    world.pass(60);
    let open = world.is_in_with_pass("ada", &of_ada).await;

    assert_eq!((locked, open), ([false, false], true));
    assert!(matches!(with_password, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn a_repeat_shows_the_same_pass() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let target = on(&world, &ada);
    let issue = async |shape| world.administration.issue_pass(&service(&world), target, shape).await;

    let first = issue(USUAL).await.unwrap();
    let repeat = issue(USUAL).await.unwrap();
    let other = issue(ONCE).await;

    assert_eq!(first.access_pass.expose_secret(), repeat.access_pass.expose_secret());
    assert!(world.is_in_with_pass("ada", repeat.access_pass.expose_secret()).await);
    assert_eq!(refusal(other), Refusal::RequestIdReused);
}

#[tokio::test]
async fn passes_are_for_authentication_administrators_and_never_their_own() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let keeper = with_role(&world, "keeper", Role::AuthenticationAdministrator).await;
    let helper = with_role(&world, "helper", Role::HelpdeskAdministrator).await;
    let (keeping, helping) = (signed_in(&world, "keeper").await, signed_in(&world, "helper").await);
    let issue =
        async |by, account: &Account| world.administration.issue_pass(by, on(&world, account), USUAL).await;

    assert!(issue(&keeping, &ada).await.is_ok());
    assert_eq!(refusal(issue(&keeping, &keeper).await), Refusal::NotOnYourself);
    assert!(matches!(refusal(issue(&keeping, &helper).await), Refusal::AuthorityMissing(_)));
    assert!(matches!(refusal(issue(&helping, &ada).await), Refusal::AuthorityMissing(_)));
    assert!(matches!(
        refusal(world.administration.revoke_pass(&helping, on(&world, &ada)).await),
        Refusal::AuthorityMissing(_)
    ));
}
