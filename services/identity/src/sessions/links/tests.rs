//! Accounts of two tenants, linked and moved between.

use crate::domain::account::Account;
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::domain::security_info::FRESH_SIGN_IN;
use crate::operation::{Caller, Context, Owner};
use crate::sessions::MyTenantState;
use crate::sign_in::{AnswerChallenge, ChallengeAnswer, Continued};
use crate::store::accounts::AccountChange;
use crate::testing::{OLD, START, World, refusal, tenant};
use crate::tokens::{AskedPage, ChallengeKind, SessionTokens};
use rekey_primitives::id::TenantId;
use rekey_primitives::method::MethodKind;
use rekey_primitives::secret::SecretString;

/// Ada, who works for two organisations.
struct Ada {
    world: World,
    /// Her account at the first, and at the second, where the world is now.
    accounts: [Account; 2],
    /// Signed in to the one and to the other.
    tokens: [SessionTokens; 2],
    first: (TenantId, TenantScope),
}

impl Ada {
    async fn new() -> Self {
        let mut world = World::new().await;
        let one = world.person("ada", &["ada@mail.example"]).await;
        let at_one = world.signed_in("ada", OLD).await;
        let first = (world.tenant.id, world.scope);
        let id = TenantId::generate(&*world.parts.entropy, START);
        let second = tenant(id, "globex", START);
        world.create_tenant(&second).await;
        (world.tenant, world.scope) = (second, TenantScope::of(true, id).unwrap());
        let other = world.person("ada", &["ada@globex.example"]).await;
        let at_other = world.signed_in("ada", OLD).await;
        Self { world, accounts: [one, other], tokens: [at_one, at_other], first }
    }

    async fn owner(&self, which: usize) -> Owner {
        self.world.owner(&self.world.live(&self.tokens[which]).await.unwrap())
    }

    async fn linked(&self) {
        let owner = self.owner(0).await;
        let token = &self.tokens[1].access_token;
        self.world.sessions.link_account(&owner, token, self.world.request_id()).await.unwrap();
    }

    async fn switch(&self) -> Result<Continued, crate::operation::Error> {
        let (owner, request) = (self.owner(0).await, self.world.request_id());
        self.world.sign_ins.switch_tenant(&owner, self.world.tenant.id, request).await
    }

    async fn states(&self, which: usize) -> Vec<MyTenantState> {
        let owner = self.owner(which).await;
        let asked = AskedPage::default();
        let page = self.world.sessions.my_tenants(&owner.caller, &owner.person, &asked).await.unwrap();
        page.items.iter().map(|tenant| tenant.state).collect()
    }
}

#[tokio::test]
async fn a_person_moves_along_a_link_and_both_accounts_are_told_of_it() {
    let ada = Ada::new().await;

    ada.linked().await;
    let Continued::Tokens(there) = ada.switch().await.unwrap() else { panic!("a challenge") };

    let (here, there) = (ada.owner(0).await.person, ada.world.live(&there).await.unwrap());
    assert_eq!((there.tenant_id, there.account_id), (ada.world.tenant.id, ada.accounts[1].id));
    assert_eq!(there.auth_time, here.auth_time, "the new session is as old as the sign-in");
    let notices = ada.world.notices().await;
    let told: Vec<_> = notices.iter().map(|message| message.template.as_str()).collect();
    assert_eq!(told, ["account_linked_notice"; 2]);
    let states = (ada.states(0).await, ada.states(1).await);
    assert_eq!(states.0, [MyTenantState::Current, MyTenantState::Linked]);
    assert_eq!(states.1, [MyTenantState::Linked, MyTenantState::Current]);
    assert_eq!(ada.world.log_of("account.linked").await.len(), 2);
    assert_eq!(ada.world.log_of("session.tenant_switched").await.len(), 1);
}

#[tokio::test]
async fn without_a_link_nobody_moves() {
    let ada = Ada::new().await;

    assert_eq!(refusal(ada.switch().await), Refusal::TenantNotLinked);
    assert_eq!(ada.states(0).await, [MyTenantState::Current]);
}

#[tokio::test]
async fn accounts_are_linked_by_two_fresh_sign_ins_through_one_backend() {
    let ada = Ada::new().await;
    let (owner, world) = (ada.owner(0).await, &ada.world);
    let link =
        async |owner: &Owner, token| world.sessions.link_account(owner, token, world.request_id()).await;
    let elsewhere = Owner { caller: Caller::new("another backend", |_| true), ..owner.clone() };
    let mut strange = elsewhere.clone();
    strange.person.backend = "another backend".to_owned();

    let with_itself = link(&owner, &ada.tokens[0].access_token).await;
    let nothing = "none".into();
    let with_none = link(&owner, &nothing).await;
    let of_another_backend = link(&strange, &ada.tokens[1].access_token).await;
    assert_eq!(refusal(with_itself), Refusal::OtherTokenInvalid);
    assert_eq!(refusal(with_none), Refusal::OtherTokenInvalid);
    assert_eq!(refusal(of_another_backend), Refusal::OtherTokenInvalid);

    let mut old = owner.clone();
    old.person.auth_time = world.now().minus(FRESH_SIGN_IN);
    let too_old = link(&old, &ada.tokens[1].access_token).await;
    assert_eq!(refusal(too_old), Refusal::SignInNotRecent);
    assert_eq!(ada.states(0).await, [MyTenantState::Current]);
}

#[tokio::test]
async fn a_block_at_the_other_end_suspends_the_link() {
    let ada = Ada::new().await;
    ada.linked().await;

    let other = ada.world.read(&ada.accounts[1]).await;
    ada.world.change(&other, AccountChange::Blocked(true)).await;

    assert_eq!(refusal(ada.switch().await), Refusal::LinkSuspended);
    assert_eq!(ada.states(0).await, [MyTenantState::Current, MyTenantState::Suspended]);
}

#[tokio::test]
async fn a_new_epoch_on_either_side_suspends_the_link_until_both_are_signed_in_to_again() {
    let mut ada = Ada::new().await;
    ada.linked().await;
    let token = ada.world.proved("ada", "ada@globex.example").await;
    let completion = ada.world.completion(&token, crate::testing::NEW);
    ada.world.resets.complete(&ada.world.caller, &completion).await.unwrap();
    assert_eq!(refusal(ada.switch().await), Refusal::LinkSuspended);

    ada.tokens[1] = ada.world.signed_in("ada", crate::testing::NEW).await;
    assert_eq!(refusal(ada.switch().await), Refusal::LinkSuspended);
    ada.linked().await;

    assert!(matches!(ada.switch().await, Ok(Continued::Tokens(_))));
}

#[tokio::test]
async fn a_link_ends_from_either_side_once() {
    let ada = Ada::new().await;
    ada.linked().await;
    let (owner, request) = (ada.owner(1).await, ada.world.request_id());
    let unlink = || ada.world.sessions.unlink_account(&owner, ada.first.0, request);

    unlink().await.unwrap();
    let repeated = unlink().await;
    let again = ada.world.sessions.unlink_account(&owner, ada.first.0, ada.world.request_id()).await;

    assert!(repeated.is_ok(), "{repeated:?}");
    assert_eq!(refusal(again), Refusal::TenantNotLinked);
    assert_eq!(refusal(ada.switch().await), Refusal::TenantNotLinked);
    assert_eq!(ada.world.log_of("account.unlinked").await.len(), 2);
}

#[tokio::test]
async fn a_switch_clears_nothing_that_was_held_against_the_login() {
    let ada = Ada::new().await;
    ada.linked().await;
    for number in 0..10 {
        ada.world.sign_in_from("198.51.100.7", "ada", &format!("wrong password {number}")).await;
    }

    assert!(matches!(ada.switch().await, Ok(Continued::Tokens(_))));

    let locked = ada.world.sign_in_from("198.51.100.7", "ada", OLD).await;
    assert!(matches!(locked, crate::sign_in::SignedIn::Rejected), "{locked:?}");
}

#[tokio::test]
async fn a_linked_account_asks_for_its_own_second_factor() {
    let ada = Ada::new().await;
    ada.linked().await;
    let app = ada.world.authenticator(&ada.accounts[1]).await;
    let Continued::Challenge(challenge) = ada.switch().await.unwrap() else { panic!("no challenge") };
    let answer = async |code: SecretString| {
        let kind = MethodKind::Authenticator;
        let answered = AnswerChallenge {
            challenge_token: challenge.token.clone(),
            answer: ChallengeAnswer::SecondFactor { kind, code },
            request_id: ada.world.request_id(),
            context: Context::default(),
        };
        ada.world.sign_ins.continue_sign_in(&ada.world.caller, &answered).await.unwrap()
    };

    let wrong = answer("000000".into()).await;
    let right = answer(app.code(ada.world.now())).await;

    assert_eq!(challenge.kind, ChallengeKind::SecondFactor);
    assert_eq!(challenge.second_factors, ["authenticator"]);
    assert!(matches!(wrong, Continued::Rejected { .. }), "{wrong:?}");
    let Continued::Tokens(there) = right else { panic!("not signed in but {right:?}") };
    assert_eq!(ada.world.live(&there).await.unwrap().account_id, ada.accounts[1].id);
}
