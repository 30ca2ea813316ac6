//! Help requests in administrators' hands.

use super::*;
use crate::domain::account::Account;
use crate::domain::authority::Role;
use crate::resets::help::AskForHelp;
use crate::testing::{World, refusal, service, signed_in, with_role};

impl World {
    /// A help request of somebody, as it is listed.
    async fn asked_for_help(&self, whose: &Account) -> HelpRequest {
        let ask = AskForHelp {
            tenant_id: self.tenant.id,
            login: whose.logins[0].as_str().to_owned(),
            reset_token: None,
            message: "my phone is gone".to_owned(),
            request_id: self.request_id(),
            context: crate::testing::context("192.0.2.1"),
        };
        self.help.ask(&self.caller, &ask).await.unwrap();
        let all = self.help_of_state(None).await;
        all.into_iter().find(|request| request.account_id == whose.id).unwrap()
    }

    async fn help_of_state(&self, state: Option<HelpState>) -> Vec<HelpRequest> {
        let asked = AskedPage::default();
        self.administration
            .list_help(&service(self), self.tenant.id, HelpFilter { state, account_id: None }, &asked)
            .await
            .unwrap()
            .items
    }

    fn help_target(&self, request: &HelpRequest) -> HelpTarget {
        let (tenant_id, request_id) = (self.tenant.id, self.request_id());
        HelpTarget { tenant_id, id: request.id, version: Some(request.version), request_id }
    }
}

#[tokio::test]
async fn of_two_claims_at_once_one_gets_the_request() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    with_role(&world, "first", Role::HelpdeskAdministrator).await;
    with_role(&world, "second", Role::PasswordAdministrator).await;
    let (first, second) = (signed_in(&world, "first").await, signed_in(&world, "second").await);
    let request = world.asked_for_help(&ada).await;
    let claim = |by| {
        let target = HelpTarget { version: None, ..world.help_target(&request) };
        world.administration.move_help(by, target, HelpAct::Claim)
    };

    let (left, right) = tokio::join!(claim(&first), claim(&second));

    let (won, lost) = if left.is_ok() { (left, right) } else { (right, left) };
    assert_eq!(won.unwrap().state, "claimed");
    assert_eq!(refusal(lost), Refusal::HelpRequestClaimed);
    assert_eq!(world.log_of("help.handled").await.len(), 1);
}

#[tokio::test]
async fn a_request_is_claimed_and_settled_and_then_left_alone() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let helper = with_role(&world, "helper", Role::HelpdeskAdministrator).await;
    let acting = signed_in(&world, "helper").await;
    let request = world.asked_for_help(&ada).await;
    let target = world.help_target(&request);
    let administration = &world.administration;

    let claimed = administration.move_help(&acting, target, HelpAct::Claim).await.unwrap();
    let repeat = administration.move_help(&acting, target, HelpAct::Claim).await.unwrap();
    let stale = administration.move_help(&acting, world.help_target(&request), HelpAct::Deny).await;
    let now = HelpTarget { version: Some(claimed.version), ..world.help_target(&request) };
    let resolved = administration.move_help(&service(&world), now, HelpAct::Resolve).await.unwrap();
    let late = HelpTarget { version: None, ..world.help_target(&request) };
    let late = administration.move_help(&acting, late, HelpAct::Deny).await;

    assert_eq!((claimed.handled_by, claimed.state.as_str()), (Some(helper.id.as_uuid()), "claimed"));
    assert_eq!(repeat, claimed);
    assert_eq!(refusal(stale), Refusal::EtagMismatch);
    assert_eq!((resolved.state.as_str(), resolved.handled_by), ("resolved", Some(helper.id.as_uuid())));
    assert_eq!(refusal(late), Refusal::HelpRequestSettled);
}

#[tokio::test]
async fn nobody_settles_their_own_request_or_one_out_of_reach() {
    let world = World::new().await;
    let helper = with_role(&world, "helper", Role::HelpdeskAdministrator).await;
    let chief = world.administrator("chief", &[]).await;
    with_role(&world, "reader", Role::ReportsReader).await;
    let (acting, reading) = (signed_in(&world, "helper").await, signed_in(&world, "reader").await);
    let own = world.asked_for_help(&helper).await;
    let of_chief = world.asked_for_help(&chief).await;
    let moved = async |by, request: &HelpRequest| {
        refusal(world.administration.move_help(by, world.help_target(request), HelpAct::Resolve).await)
    };

    let nobody = HelpRequest { id: HelpRequestId::from_uuid(uuid::Uuid::from_u128(9)), ..own.clone() };
    let asked = AskedPage::default();
    let listed = world.administration.list_help(&reading, world.tenant.id, HelpFilter::default(), &asked);

    assert_eq!(moved(&acting, &own).await, Refusal::NotOnYourself);
    assert!(matches!(moved(&acting, &of_chief).await, Refusal::AuthorityMissing(_)));
    assert_eq!(moved(&acting, &nobody).await, Refusal::HelpRequestNotFound);
    assert_eq!(moved(&reading, &nobody).await, moved(&reading, &own).await);
    assert!(matches!(refusal(listed.await.map(|page| page.items)), Refusal::AuthorityMissing(_)));
}

#[tokio::test]
async fn a_request_that_nobody_settles_expires_once() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada", &[]).await, world.person("bob", &[]).await);
    world.asked_for_help(&ada).await;
    world.pass(86_400);
    world.asked_for_help(&bob).await;

    world.pass(13 * 86_400 - 1);
    let early = world.administration.expire_help().await.unwrap();
    world.pass(1);
    let (left, right) = tokio::join!(world.administration.expire_help(), world.administration.expire_help());
    let again = world.administration.expire_help().await.unwrap();

    assert_eq!((early, left.unwrap() + right.unwrap(), again), (0, 1, 0));
    let expired = world.help_of_state(Some(HelpState::Expired)).await;
    assert_eq!(expired.iter().map(|request| request.account_id).collect::<Vec<_>>(), [ada.id]);
    let open = world.help_of_state(Some(HelpState::Open)).await;
    assert_eq!(open.iter().map(|request| request.account_id).collect::<Vec<_>>(), [bob.id]);
    assert_eq!(world.log_of("help.handled").await.len(), 1);
    assert_eq!(expired[0].updated_at, world.now());
}

#[tokio::test]
async fn requests_come_by_the_page_newest_first() {
    let world = World::new().await;
    let mut filed = Vec::new();
    for login in ["ada", "bob", "cleo"] {
        let person = world.person(login, &[]).await;
        filed.insert(0, world.asked_for_help(&person).await.id);
        world.pass(1);
    }
    let page = async |token| {
        let asked = AskedPage { size: 2, token };
        let open = HelpFilter { state: Some(HelpState::Open), account_id: None };
        world.administration.list_help(&service(&world), world.tenant.id, open, &asked).await.unwrap()
    };

    let first = page(None).await;
    let rest = page(first.next.clone()).await;

    let ids: Vec<_> = first.items.iter().chain(&rest.items).map(|request| request.id).collect();
    assert_eq!((first.items.len(), ids, rest.next.is_none()), (2, filed, true));
}
