//! Proofs by codes that nobody sends: of an authenticator, of a saved list, and of nobody.

use rekey_primitives::method::MethodKind;
use rekey_primitives::secret::{ExposeSecret, SecretString};

use crate::domain::refusal::Refusal;
use crate::resets::prove::ProofSubmitted;
use crate::resets::start::{OfferedMethod, StartedReset};
use crate::sign_in::SignedIn;
use crate::testing::{NEW, World, refusal};

fn of_kind(started: &StartedReset, kind: MethodKind) -> &OfferedMethod {
    started.methods.iter().find(|method| method.kind == kind).unwrap()
}

async fn submit(world: &World, token: &SecretString, method: &OfferedMethod, code: &str) -> ProofSubmitted {
    world.resets.submit_proof(&world.caller, &world.proof(token, method, code)).await.unwrap()
}

/// A reset with the code by mail passed.
async fn mail_proved(world: &World, started: &StartedReset, address: &str) -> ProofSubmitted {
    let method = of_kind(started, MethodKind::Email);
    world.resets.send_code(&world.caller, &world.send(&started.reset_token, method)).await.unwrap();
    let code = world.verification.latest_code_for(address);
    submit(world, &started.reset_token, method, code.expose_secret()).await
}

#[tokio::test]
async fn an_account_with_an_authenticator_proves_itself_by_two_classes() {
    for world in [World::new().await, World::masked().await] {
        let (_, app) = world.person_with_authenticator("ada", &["ada@mail.example"], |_| {}).await;
        let started = world.start("ada").await.unwrap();

        let mail = mail_proved(&world, &started, "ada@mail.example").await;
        let early = world.resets.complete(&world.caller, &world.completion(&mail.reset_token, NEW)).await;
        let method = of_kind(&started, MethodKind::Authenticator);
        let code = app.code(world.now());
        let both = submit(&world, &mail.reset_token, method, code.expose_secret()).await;
        let set = world.resets.complete(&world.caller, &world.completion(&both.reset_token, NEW)).await;

        assert_eq!((started.proofs_required, mail.proofs_remaining), (1, 1));
        assert_eq!(refusal(early), Refusal::ProofsMissing { remaining: 1 });
        assert!(both.accepted && both.proofs_remaining == 0);
        assert!(set.is_ok(), "{set:?}");
        assert!(matches!(world.sign_in("ada", NEW).await, SignedIn::Challenge(_)));
    }
}

#[tokio::test]
async fn an_administrator_proves_themselves_by_a_saved_code() {
    let world = World::new().await;
    let account = world.administrator("root", &["root@mail.example"]).await;
    let [code, other] = world.recovery_codes(&account).await;
    let started = world.start("root").await.unwrap();

    let mail = mail_proved(&world, &started, "root@mail.example").await;
    let method = of_kind(&started, MethodKind::RecoveryCode);
    let both = submit(&world, &mail.reset_token, method, code.expose_secret()).await;
    let next = world.start("root").await.unwrap();
    let method = of_kind(&next, MethodKind::RecoveryCode);
    let again = submit(&world, &next.reset_token, method, code.expose_secret()).await;
    let another = submit(&world, &next.reset_token, method, other.expose_secret()).await;

    assert_eq!(mail.proofs_remaining, 1);
    assert!(both.accepted && both.proofs_remaining == 0);
    assert!(!again.accepted && another.accepted);
}

#[tokio::test]
async fn a_code_that_raced_itself_proves_once() {
    let world = World::new().await;
    let (_, app) = world.person_with_authenticator("ada", &["ada@mail.example"], |_| {}).await;
    let resets = [world.start("ada").await.unwrap(), world.start("ada").await.unwrap()];
    let code = app.code(world.now());

    let [first, second] = resets.each_ref().map(|started| {
        submit(
            &world,
            &started.reset_token,
            of_kind(started, MethodKind::Authenticator),
            code.expose_secret(),
        )
    });
    let (first, second) = tokio::join!(first, second);

    assert!(first.accepted != second.accepted, "one of two");
}

#[tokio::test]
async fn whoever_has_no_authenticator_and_whoever_is_nobody_get_one_answer() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let (_, app) =
        world.person_with_authenticator("bob", &["bob@mail.example"], |account| account.blocked = true).await;
    let right = app.code(world.now());
    let mut answers = Vec::new();

    for (login, code) in [("ada", "123456"), ("bob", right.expose_secret()), ("nobody", "123456")] {
        let started = world.start(login).await.unwrap();
        let method = of_kind(&started, MethodKind::Authenticator);
        let sent = world.resets.send_code(&world.caller, &world.send(&started.reset_token, method)).await;
        let mut of_login = vec![format!("{:?} {sent:?}", started.methods)];
        for _ in 0..12 {
            let submitted = submit(&world, &started.reset_token, method, code).await;
            let length = submitted.reset_token.expose_secret().len();
            of_login.push(format!("{} {} {length}", submitted.accepted, submitted.proofs_remaining));
        }
        answers.push(of_login);
    }

    assert!(answers[0].iter().skip(1).all(|answer| answer.starts_with("false")));
    assert_eq!((&answers[0], &answers[1]), (&answers[1], &answers[2]));
    assert_eq!(world.verification.started(), 0);
}

#[tokio::test]
async fn a_reset_takes_five_codes_and_a_day_takes_ten() {
    let world = World::new().await;
    let (_, app) = world.person_with_authenticator("ada", &["ada@mail.example"], |_| {}).await;
    let [first, second, third] = [
        world.start("ada").await.unwrap(),
        world.start("ada").await.unwrap(),
        world.start("ada").await.unwrap(),
    ];
    let method = of_kind(&first, MethodKind::Authenticator);
    let code = app.code(world.now());
    for started in [&first, &second] {
        for _ in 0..5 {
            assert!(!submit(&world, &started.reset_token, method, "0000000").await.accepted);
        }
    }

    let sixth = submit(&world, &first.reset_token, method, code.expose_secret()).await;
    let eleventh = submit(&world, &third.reset_token, method, code.expose_secret()).await;
    let reasons: Vec<String> = world
        .log_of("reset.proof_submitted")
        .await
        .iter()
        .map(|event| event.reason.clone().unwrap())
        .collect();
    let stopped = world.log_of("security_info.method_stopped").await;

    assert!(!sixth.accepted && !eleventh.accepted);
    assert!(reasons.iter().any(|reason| reason == "codes_exhausted"), "{reasons:?}");
    assert!(stopped.iter().any(|event| event.reason.as_deref() == Some("method_paused")), "{stopped:?}");
}

#[tokio::test]
async fn guesses_in_resets_leave_sign_in_its_factor() {
    let world = World::new().await;
    let (_, app) = world.person_with_authenticator("ada", &["ada@mail.example"], |_| {}).await;
    for _ in 0..3 {
        let started = world.start_from("ada", "203.0.113.9").await.unwrap();
        let method = of_kind(&started, MethodKind::Authenticator);
        for _ in 0..5 {
            submit(&world, &started.reset_token, method, "0000000").await;
        }
    }

    let SignedIn::Challenge(challenge) = world.sign_in("ada", crate::testing::OLD).await else { panic!() };
    let answer = crate::sign_in::ChallengeAnswer::SecondFactor {
        kind: MethodKind::Authenticator,
        code: app.code(world.now()),
    };
    let answered = world
        .sign_ins
        .continue_sign_in(
            &world.caller,
            &crate::sign_in::AnswerChallenge {
                challenge_token: challenge.token,
                answer,
                request_id: world.request_id(),
                context: crate::testing::context("192.0.2.1"),
            },
        )
        .await;

    assert!(matches!(answered, Ok(crate::sign_in::Continued::Tokens(_))), "{answered:?}");
}
