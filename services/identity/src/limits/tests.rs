//! How often strangers may ask, and what happens when that cannot be counted or a neighbour is away.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::login::Login;
use rekey_throttle::{Budget, Failure, Outcome, Throttle};

use crate::directory::NewAccount;
use crate::domain::account::Account;
use crate::domain::refusal::Refusal;
use crate::operation::{Context, Error};
use crate::passwords::{EvaluatePassword, PasswordRight};
use crate::resets::StartReset;
use crate::resets::help::AskForHelp;
use crate::sign_in::SignedIn;
use crate::testing::{NEW, OLD, START, World, context, new_account, refusal, service};

/// A Redis that is gone.
struct Gone;

fn gone() -> Failure {
    Failure::Redis(std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into())
}

#[async_trait]
impl Throttle for Gone {
    async fn consume(&self, _: &[Budget], _: u64, _: Timestamp) -> Result<Outcome, Failure> {
        Err(gone())
    }

    async fn refund(&self, _: &[Budget], _: u64, _: Timestamp) -> Result<(), Failure> {
        Err(gone())
    }

    async fn count_distinct(&self, _: &str, _: &[u8], _: Duration, _: Timestamp) -> Result<u64, Failure> {
        Err(gone())
    }

    async fn distinct(&self, _: &str, _: Duration, _: Timestamp) -> Result<u64, Failure> {
        Err(gone())
    }
}

#[tokio::test]
async fn a_login_is_reset_ten_times_an_hour_known_or_not() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;

    for login in ["ada", "nobody"] {
        for _ in 0..10 {
            world.start(login).await.unwrap();
        }
        assert!(matches!(refusal(world.start(login).await), Refusal::Throttled { .. }), "{login}");
    }
    world.pass(3600);
    assert!(world.start("ada").await.is_ok());
}

#[tokio::test]
async fn what_one_login_spends_does_not_tell_which_others_are_its_account() {
    let world = World::new().await;
    let aliases = |account: &mut Account| account.logins.push(Login::parse("byron").unwrap());
    world.person_with("ada", &["ada@mail.example"], aliases).await;

    for _ in 0..10 {
        world.start("ada").await.unwrap();
    }

    assert!(matches!(refusal(world.start("ada").await), Refusal::Throttled { .. }));
    assert!(world.start("byron").await.is_ok());
}

#[tokio::test]
async fn strangers_cannot_spend_the_starts_of_a_familiar_place() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    world.signed_in("ada", OLD).await;
    let from =
        |ip: &str| StartReset { tenant_id: world.tenant.id, login: "ada".to_owned(), context: context(ip) };

    for _ in 0..10 {
        world.resets.start(&world.caller, &from("198.51.100.7")).await.unwrap();
    }

    assert!(world.resets.start(&world.caller, &from("198.51.100.7")).await.is_err());
    assert!(world.resets.start(&world.caller, &from("192.0.2.200")).await.is_ok());
}

#[tokio::test]
async fn a_network_starts_sixty_times_a_minute_and_a_caller_without_addresses_has_its_own_budget() {
    let world = World::new().await;
    for login in 0..60 {
        world.start(&format!("nobody{login}")).await.unwrap();
    }
    let nowhere =
        StartReset { tenant_id: world.tenant.id, login: "nobody".to_owned(), context: Context::default() };

    assert!(matches!(refusal(world.start("nobody60").await), Refusal::Throttled { .. }));
    assert!(world.resets.start(&world.caller, &nowhere).await.is_ok());
}

#[tokio::test]
async fn a_network_signs_in_so_often_a_minute_whomever_it_tries() {
    let mut world = World::new().await;
    world.adapt(|parts| parts.settings.limits.sign_ins_per_network_per_minute = 3);
    world.person("ada", &[]).await;
    for login in ["nobody", "somebody", "anybody"] {
        world.sign_in(login, OLD).await;
    }
    let request = world.sign_in_request("192.0.2.1", "ada", OLD);

    let stopped = world.sign_ins.sign_in(&world.caller, &request).await.map(drop);
    let elsewhere = world.sign_in_from("198.51.100.7", "ada", OLD).await;
    world.pass(60);
    let later = world.sign_in("ada", OLD).await;

    assert!(matches!(refusal(stopped), Refusal::Throttled { .. }));
    assert!(matches!((elsewhere, later), (SignedIn::Tokens(_), SignedIn::Tokens(_))));
}

#[tokio::test]
async fn an_account_with_a_password_costs_what_a_password_costs_and_one_without_costs_nothing() {
    let mut world = World::new().await;
    world.adapt(|parts| parts.settings.limits.sign_ins_per_network_per_minute = 2);
    let service = service(&world);
    let with_password = |login: &str| NewAccount { password: Some(OLD.into()), ..new_account(&world, login) };
    for login in ["one", "two"] {
        world.directory.create_account(&service, with_password(login)).await.unwrap();
    }

    let third = world.directory.create_account(&service, with_password("three")).await;
    let without = world.directory.create_account(&service, new_account(&world, "four")).await;
    world.pass(60);
    let later = world.directory.create_account(&service, with_password("three")).await;

    assert!(matches!(refusal(third), Refusal::Throttled { .. }));
    assert!(without.is_ok() && later.is_ok());
}

#[tokio::test]
async fn a_session_asks_the_meter_so_often_a_minute() {
    let mut world = World::new().await;
    world.adapt(|parts| parts.settings.limits.evaluations_per_minute = 2);
    world.person("ada", &[]).await;
    let evaluate = async |tokens| {
        let by = PasswordRight::Session(world.live(tokens).await.unwrap());
        let request = EvaluatePassword { candidate: NEW.into(), by };
        world.passwords.evaluate(&world.caller, &request).await
    };
    let (here, there) = (world.signed_in("ada", OLD).await, world.signed_in("ada", OLD).await);
    for _ in 0..2 {
        evaluate(&here).await.unwrap();
    }

    assert!(matches!(refusal(evaluate(&here).await), Refusal::Throttled { .. }));
    assert!(evaluate(&there).await.is_ok());
}

#[tokio::test]
async fn a_network_calls_for_help_so_often_an_hour() {
    let mut world = World::new().await;
    world.adapt(|parts| parts.settings.limits.help_per_network_per_hour = 2);
    world.person("ada", &["ada@mail.example"]).await;
    let ask = async |ip| {
        let request = AskForHelp {
            tenant_id: world.tenant.id,
            login: "ada".to_owned(),
            reset_token: None,
            message: "my phone is gone".to_owned(),
            request_id: world.request_id(),
            context: context(ip),
        };
        world.help.ask(&world.caller, &request).await.map(drop)
    };
    for _ in 0..2 {
        ask("192.0.2.1").await.unwrap();
    }

    assert!(matches!(refusal(ask("192.0.2.1").await), Refusal::Throttled { .. }));
    assert!(ask("198.51.100.7").await.is_ok());
}

#[tokio::test]
async fn without_throttles_resets_stop_and_sign_in_goes_on() {
    let mut world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    world.adapt(|parts| parts.strict_throttle = Arc::new(Gone));

    let start = world.start("ada").await;

    assert!(matches!(start, Err(Error::Failed(failed)) if failed.is_unavailable()));
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn without_verification_nothing_is_proved_and_nothing_is_lost() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let started = world.start("ada").await.unwrap();
    let send = world.send(&started.reset_token, &started.methods[0]);
    world.verification.set_away(true);

    let away = world.resets.send_code(&world.caller, &send).await;
    world.verification.set_away(false);
    let back = world.resets.send_code(&world.caller, &send).await;

    assert!(matches!(away, Err(Error::Failed(failed)) if failed.is_unavailable()));
    assert!(back.is_ok());
    assert_eq!(world.verification.real_messages(), 1);
}

#[tokio::test]
async fn wrong_codes_pause_a_method_and_a_right_one_does_not_help() {
    let world = World::with(|policy| policy.reset.tries_per_day = 3).await;
    world.person("ada", &["ada@mail.example"]).await;
    let started = world.start("ada").await.unwrap();
    let method = &started.methods[0];
    world.resets.send_code(&world.caller, &world.send(&started.reset_token, method)).await.unwrap();
    for code in ["000001", "000002", "000003"] {
        let wrong = world.proof(&started.reset_token, method, code);
        assert!(!world.resets.submit_proof(&world.caller, &wrong).await.unwrap().accepted);
    }

    let code = world.verification.code_for("ada@mail.example");
    let right = world.proof(
        &started.reset_token,
        method,
        rekey_primitives::secret::ExposeSecret::expose_secret(&code),
    );

    assert!(!world.resets.submit_proof(&world.caller, &right).await.unwrap().accepted);
}

#[tokio::test]
async fn strangers_cannot_use_up_the_tries_of_a_method_for_its_owner_at_home() {
    let world = World::with(|policy| policy.reset.tries_per_day = 3).await;
    world.person("ada", &["ada@mail.example"]).await;
    world.signed_in("ada", OLD).await;
    let mut stranger = world.start_from("ada", "198.51.100.7").await.unwrap();
    let method = stranger.methods.remove(0);
    world.resets.send_code(&world.caller, &world.send(&stranger.reset_token, &method)).await.unwrap();
    for code in ["000001", "000002", "000003", "000004"] {
        let wrong = world.proof(&stranger.reset_token, &method, code);
        assert!(!world.resets.submit_proof(&world.caller, &wrong).await.unwrap().accepted);
    }
    let code = world.verification.code_for("ada@mail.example");
    let right = rekey_primitives::secret::ExposeSecret::expose_secret(&code);
    let late = world.proof(&stranger.reset_token, &method, right);
    assert!(!world.resets.submit_proof(&world.caller, &late).await.unwrap().accepted);
    world.clock.set(START.plus(Duration::from_secs(60)));

    world.proved("ada", "ada@mail.example").await;
}

#[tokio::test]
async fn a_guess_without_a_live_code_counts_for_nothing() {
    let world = World::with(|policy| policy.reset.tries_per_day = 3).await;
    world.person("ada", &["ada@mail.example"]).await;
    let started = world.start("ada").await.unwrap();
    for code in ["000001", "000002", "000003", "000004"] {
        let guess = world.proof(&started.reset_token, &started.methods[0], code);
        assert!(!world.resets.submit_proof(&world.caller, &guess).await.unwrap().accepted);
    }

    world.proved("ada", "ada@mail.example").await;
}

#[tokio::test]
async fn a_hundred_wrong_codes_in_a_row_disable_a_method_and_tell_its_owner() {
    let world = World::with(|policy| {
        policy.reset.tries_per_day = 50;
        policy.reset.tries_in_a_row = 3;
    })
    .await;
    let account = world.person("ada", &["ada@mail.example"]).await;
    let started = world.start("ada").await.unwrap();
    let method = &started.methods[0];
    world.resets.send_code(&world.caller, &world.send(&started.reset_token, method)).await.unwrap();

    for code in ["000001", "000002", "000003", "000004"] {
        let wrong = world.proof(&started.reset_token, method, code);
        assert!(!world.resets.submit_proof(&world.caller, &wrong).await.unwrap().accepted);
    }

    assert!(world.read(&account).await.security_info[0].disabled);
    assert_eq!(world.notices().await[0].template, "security_info_changed_notice");
    assert!(world.start("ada").await.is_ok());
}
