//! Resets that offer kinds: one list for everybody, and whoever lacks a kind sees what the others see.

use rekey_primitives::secret::ExposeSecret;

use crate::domain::account::Account;
use crate::domain::security_info::SecurityInfo;
use crate::peers::verification::Stop;
use crate::resets::send::CodeSent;
use crate::resets::start::StartedReset;
use crate::store::accounts::AccountChange;
use crate::testing::{NEW, OLD, World, done, refusal};

const PHONE: &str = "+4915112345678";
const SECOND_PHONE: &str = "+4915112345679";

async fn send(world: &World, started: &StartedReset, method: usize) -> CodeSent {
    let send = world.send(&started.reset_token, &started.methods[method]);
    world.resets.send_code(&world.caller, &send).await.unwrap()
}

async fn is_accepted(world: &World, started: &StartedReset, method: usize, code: &str) -> bool {
    let proof = world.proof(&started.reset_token, &started.methods[method], code);
    world.resets.submit_proof(&world.caller, &proof).await.unwrap().accepted
}

fn mails(account: &Account) -> impl Iterator<Item = &SecurityInfo> {
    account.security_info.iter().filter(|entry| entry.destination().unwrap().as_str().contains('@'))
}

#[tokio::test]
async fn everybody_is_offered_one_list() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    world.person("bob", &[PHONE]).await;
    world.person("eve", &[PHONE, "eve@mail.example", "eve@work.example"]).await;
    world.person_with("max", &["max@mail.example"], |account| account.blocked = true).await;
    world.person("zoe", &[]).await;

    let list = world.start("nobody").await.unwrap().methods;

    let shown: Vec<_> =
        list.iter().map(|method| (method.kind.as_str(), method.masked_destination.as_str())).collect();
    assert_eq!(shown, [("email", ""), ("phone", ""), ("authenticator", ""), ("recovery_code", "")]);
    for login in ["ada", "bob", "eve", "max", "zoe", "not a login \u{0}"] {
        assert_eq!(world.start(login).await.unwrap().methods, list, "{login}");
    }
}

#[tokio::test]
async fn a_kind_that_is_not_carried_is_not_offered() {
    let mut world = World::new().await;
    world.person("ada", &["ada@mail.example", PHONE]).await;
    world.adapt(|parts| parts.settings.resets.carried_kinds = vec!["phone".to_owned()]);

    let kinds = [world.start("ada").await.unwrap(), world.start("nobody").await.unwrap()]
        .map(|started| started.methods.iter().map(|method| method.kind.as_str()).collect::<Vec<_>>());

    assert_eq!(
        kinds,
        [["phone", "authenticator", "recovery_code"], ["phone", "authenticator", "recovery_code"]]
    );
}

#[tokio::test]
async fn a_code_by_mail_goes_to_every_address_and_any_of_them_proves() {
    let world = World::new().await;
    let account = world.person("eve", &[PHONE, "eve@mail.example", "eve@work.example", SECOND_PHONE]).await;
    let number =
        account.security_info.iter().find(|entry| entry.destination().unwrap().as_str() == SECOND_PHONE);
    world.change(&account, AccountChange::DefaultSecurityInfo(number.unwrap().id)).await;
    let started = world.start("eve").await.unwrap();

    send(&world, &started, 0).await;
    send(&world, &started, 1).await;
    let code = world.verification.code_for("eve@work.example");
    let proof = world.proof(&started.reset_token, &started.methods[0], code.expose_secret());
    let proved = world.resets.submit_proof(&world.caller, &proof).await.unwrap();

    let sent: Vec<Vec<String>> = vec![
        vec!["eve@mail.example".to_owned(), "eve@work.example".to_owned()],
        vec![SECOND_PHONE.to_owned()],
    ];
    assert_eq!(world.verification.sent_to(), sent);
    assert!(proved.accepted);
    assert!(world.resets.complete(&world.caller, &world.completion(&proved.reset_token, NEW)).await.is_ok());
}

#[tokio::test]
async fn whoever_lacks_the_kind_gets_the_same_answers_and_no_message() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    world.person("bob", &[PHONE]).await;
    let mut seen = Vec::new();

    for login in ["ada", "bob", "nobody"] {
        let started = world.start(login).await.unwrap();
        let sent = send(&world, &started, 1).await;
        let again = world.send(&started.reset_token, &started.methods[1]);
        let too_soon = refusal(world.resets.send_code(&world.caller, &again).await);
        let accepted = is_accepted(&world, &started, 1, "000000").await;
        seen.push((sent, too_soon, accepted));
    }

    assert_eq!([&seen[0], &seen[2]], [&seen[1], &seen[1]]);
    assert_eq!(world.verification.sent_to(), [[PHONE.to_owned()]]);
    assert_eq!(world.verification.started(), 3);
    world.audit.flush().await.unwrap();
    let noted = world.log_of("reset.code_sent").await;
    let reasons: Vec<_> = noted.iter().map(|event| event.reason.as_deref()).collect();
    assert!(reasons.contains(&Some("method_not_held")), "{reasons:?}");
}

/// Guesses until the kind takes no more, in resets of their own: five for each code.
async fn guess(world: &World, login: &str, times: usize) {
    for number in 0..times {
        let started = world.start_from(login, &format!("192.0.2.{number}")).await.unwrap();
        send(world, &started, 0).await;
        assert!(!is_accepted(world, &started, 0, "000000").await);
    }
}

#[tokio::test]
async fn wrong_codes_pause_a_kind_in_every_reset_and_no_other_kind() {
    let world = World::with(|policy| policy.reset.tries_per_day = 3).await;
    world.person("ada", &["ada@mail.example", "ada@work.example", PHONE]).await;
    guess(&world, "ada", 3).await;
    world.pass(1);

    let started = world.start("ada").await.unwrap();
    send(&world, &started, 0).await;
    send(&world, &started, 1).await;
    let mailed = world.verification.latest_code_for("ada@work.example");
    let texted = world.verification.latest_code_for(PHONE);

    assert!(!is_accepted(&world, &started, 0, mailed.expose_secret()).await, "the mail is paused");
    assert!(is_accepted(&world, &started, 1, texted.expose_secret()).await);
}

#[tokio::test]
async fn a_code_that_is_not_compared_counts_as_a_wrong_one() {
    let world = World::with(|policy| policy.reset.tries_per_day = 3).await;
    world.person("ada", &["ada@mail.example"]).await;
    let started = world.start("ada").await.unwrap();
    send(&world, &started, 0).await;
    let code = world.verification.latest_code_for("ada@mail.example");

    world.verification.stop_checks_by(Some(Stop::Guessing));
    for _ in 0..3 {
        assert!(!is_accepted(&world, &started, 0, code.expose_secret()).await);
    }
    world.verification.stop_checks_by(None);
    world.pass(1);

    assert!(!is_accepted(&world, &started, 0, code.expose_secret()).await, "the mail is paused");
    let limits = world.log_of("limit.reached").await;
    let reasons: Vec<_> = limits.iter().map(|event| event.reason.as_deref()).collect();
    assert!(reasons.contains(&Some("guessing_limited")), "{reasons:?}");
}

#[tokio::test]
async fn too_many_in_a_row_disable_every_address_that_got_the_codes_until_one_is_confirmed() {
    let world = World::with(|policy| policy.reset.tries_in_a_row = 3).await;
    let account = world.person("ada", &["ada@mail.example", "ada@work.example", PHONE]).await;
    guess(&world, "ada", 3).await;
    let started = world.start("ada").await.unwrap();
    send(&world, &started, 0).await;

    let fourth = is_accepted(&world, &started, 0, "000000").await;

    let stopped = world.read(&account).await;
    assert!(!fourth);
    assert_eq!(mails(&stopped).map(|entry| entry.disabled).collect::<Vec<_>>(), [true, true]);
    assert_eq!(stopped.security_info.iter().filter(|entry| entry.disabled).count(), 2);
    let notices = world.notices().await;
    assert_eq!(
        notices.iter().filter(|notice| notice.template == "security_info_changed_notice").count(),
        6,
        "{notices:?}"
    );
    confirm_anew(&world, &stopped, "ada@mail.example").await;
    world.proved("ada", "ada@mail.example").await;
}

/// What the owner does about a disabled address.
async fn confirm_anew(world: &World, account: &Account, address: &str) {
    world.pass(1);
    let owner = world.owner(&world.live(&world.signed_in("ada", OLD).await).await.unwrap());
    let disabled = mails(account).find(|entry| entry.destination().unwrap().as_str() == address).unwrap();
    world.security_info.send_code(&owner, disabled.id, world.request_id()).await.unwrap();
    let code = world.verification.latest_code_for(address);
    done(world.security_info.confirm(&owner, disabled.id, &code, world.request_id()).await);
    world.pass(1);
}
