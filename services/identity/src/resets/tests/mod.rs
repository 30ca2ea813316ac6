//! Whole resets, and what stops them.

mod held_codes;
mod kinds;
mod load;
mod masks;
mod public_faults;
mod reset_links;
mod secrecy;
mod simulation;

use rekey_primitives::contact::Channel;
use rekey_primitives::id::{RequestId, VerificationId};
use rekey_primitives::method::ProofClass;
use rekey_primitives::secret::ExposeSecret;
use uuid::Uuid;

use super::help::AskForHelp;
use super::{CompleteReset, Repudiate, ShownProof, StartedReset};
use crate::domain::refusal::Refusal;
use crate::passwords::{EvaluatePassword, PasswordRight};
use crate::peers::verification::Redeemed;
use crate::sign_in::SignedIn;
use crate::store::accounts::AccountChange;
use crate::testing::{NEW, OLD, World, context, refusal};

#[tokio::test]
async fn a_forgotten_password_is_reset_from_beginning_to_end() {
    let world = World::new().await;
    let account = world.person("ada", &["ada@mail.example"]).await;
    let before = world.signed_in("ada", OLD).await;

    let token = world.proved("ada", "ada@mail.example").await;
    let done = world.resets.complete(&world.caller, &world.completion(&token, NEW)).await.unwrap();

    assert_eq!(done.sessions_revoked, 1);
    assert_eq!(world.live(&before).await, None);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Rejected));
    assert!(matches!(world.sign_in("ada", NEW).await, SignedIn::Tokens(_)));
    assert_eq!(world.read(&account).await.epoch, account.epoch.next());
    let notices = world.notices().await;
    assert_eq!(notices.len(), 1);
    assert_eq!(
        (notices[0].template.as_str(), notices[0].address.as_str()),
        ("password_reset_notice", "ada@mail.example")
    );
    assert_eq!(notices[0].variables["place"], "192.0.2.0/24, Firefox");
}

#[tokio::test]
async fn a_wrong_code_proves_nothing_and_a_repeat_is_no_second_try() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let started = world.start("ada").await.unwrap();
    let method = &started.methods[0];
    world.resets.send_code(&world.caller, &world.send(&started.reset_token, method)).await.unwrap();
    let wrong = world.proof(&started.reset_token, method, "000000");

    let first = world.resets.submit_proof(&world.caller, &wrong).await.unwrap();
    for _ in 0..20 {
        let repeat = world.resets.submit_proof(&world.caller, &wrong).await.unwrap();
        assert_eq!(repeat.reset_token.expose_secret(), first.reset_token.expose_secret());
    }

    assert_eq!((first.accepted, first.proofs_remaining), (false, 1));
    let early = world.resets.complete(&world.caller, &world.completion(&first.reset_token, NEW)).await;
    assert_eq!(refusal(early), Refusal::ProofsMissing { remaining: 1 });
    let code = world.verification.code_for("ada@mail.example");
    let right = world.proof(&first.reset_token, method, code.expose_secret());
    assert!(world.resets.submit_proof(&world.caller, &right).await.unwrap().accepted);
}

#[tokio::test]
async fn a_reset_without_its_proofs_is_refused_before_anything_is_read() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let tokens = [world.start("ada").await.unwrap(), world.start("nobody").await.unwrap()];
    // Whatever reads the policy fails from now on.
    world.damage(world.tenant.id, "update policies set document = '' where tenant_id = $1").await;

    for StartedReset { reset_token, .. } in tokens {
        let completed = world.resets.complete(&world.caller, &world.completion(&reset_token, NEW)).await;
        let request = EvaluatePassword { candidate: NEW.into(), by: PasswordRight::Reset(reset_token) };
        let evaluated = world.passwords.evaluate(&world.caller, &request).await;

        assert_eq!(refusal(completed), Refusal::ProofsMissing { remaining: 1 });
        assert_eq!(refusal(evaluated), Refusal::ProofsMissing { remaining: 1 });
    }
}

#[tokio::test]
async fn a_code_that_died_or_was_guessed_at_too_often_is_followed_by_another() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    world.verification.set_code_timing(100, &[30, 30]);
    let started = world.start("ada").await.unwrap();
    let (token, method) = (&started.reset_token, &started.methods[0]);
    let send = async || world.resets.send_code(&world.caller, &world.send(token, method)).await;
    let accepted = async |code: &str| {
        let proof = world.proof(token, method, code);
        world.resets.submit_proof(&world.caller, &proof).await.unwrap().accepted
    };

    send().await.unwrap();
    let first = world.verification.latest_code_for("ada@mail.example");
    world.pass(101);
    send().await.unwrap();
    assert!(!accepted(first.expose_secret()).await);
    for number in 0..5 {
        assert!(!accepted(&format!("00000{number}")).await);
    }
    world.pass(30);
    send().await.unwrap();
    let third = world.verification.latest_code_for("ada@mail.example");

    assert!(accepted(third.expose_secret()).await);
    assert_eq!(world.verification.started(), 3);
}

#[tokio::test]
async fn where_no_code_is_left_waiting_is_not_asked_for() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    world.verification.set_code_timing(100, &[]);
    for login in ["ada", "nobody"] {
        let started = world.start(login).await.unwrap();
        let (token, method) = (&started.reset_token, &started.methods[0]);
        let send = async || world.resets.send_code(&world.caller, &world.send(token, method)).await;
        for _ in 0..3 {
            send().await.unwrap();
            world.pass(101);
        }

        let refused = refusal(send().await);

        assert_eq!((refused.retry_after(), refused), (None, Refusal::SendsExhausted), "{login}");
    }
}

#[tokio::test]
async fn other_content_under_a_used_request_id_is_refused() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let started = world.start("ada").await.unwrap();
    let method = &started.methods[0];
    world.resets.send_code(&world.caller, &world.send(&started.reset_token, method)).await.unwrap();
    let mut proof = world.proof(&started.reset_token, method, "000000");
    world.resets.submit_proof(&world.caller, &proof).await.unwrap();

    proof.shown = ShownProof::Code(world.verification.code_for("ada@mail.example"));

    assert_eq!(refusal(world.resets.submit_proof(&world.caller, &proof).await), Refusal::RequestIdReused);
}

#[tokio::test]
async fn two_proofs_come_from_two_methods() {
    let world = World::with(|policy| policy.reset.proofs_required = 2).await;
    world.person("ada", &["ada@mail.example", "+4915112345678"]).await;

    let started = world.start("ada").await.unwrap();
    let mut token = started.reset_token.clone();
    let mut remaining = Vec::new();
    for (method, address) in started.methods.iter().zip(["ada@mail.example", "+4915112345678"]) {
        world.resets.send_code(&world.caller, &world.send(&token, method)).await.unwrap();
        let code = world.verification.code_for(address);
        let proof = world.proof(&token, method, code.expose_secret());
        let answer = world.resets.submit_proof(&world.caller, &proof).await.unwrap();
        remaining.push(answer.proofs_remaining);
        let again = world.proof(&answer.reset_token, method, "123456");
        assert_eq!(
            refusal(world.resets.submit_proof(&world.caller, &again).await),
            Refusal::MethodAlreadyProved
        );
        token = answer.reset_token;
    }

    assert_eq!((started.proofs_required, remaining), (2, vec![1, 0]));
    assert!(world.resets.complete(&world.caller, &world.completion(&token, NEW)).await.is_ok());
}

#[tokio::test]
async fn completing_twice_changes_the_password_once() {
    let world = World::new().await;
    let account = world.person("ada", &["ada@mail.example"]).await;
    let token = world.proved("ada", "ada@mail.example").await;
    let first = world.completion(&token, NEW);
    world.resets.complete(&world.caller, &first).await.unwrap();

    let repeat = world.resets.complete(&world.caller, &first).await.unwrap();
    let other = world.resets.complete(&world.caller, &world.completion(&token, "eleven brass kettles")).await;

    assert_eq!(repeat.sessions_revoked, 0);
    assert_eq!(refusal(other), Refusal::ResetInvalid);
    assert_eq!(world.read(&account).await.epoch, account.epoch.next());
    assert!(matches!(world.sign_in("ada", NEW).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn two_completions_at_once_have_one_winner() {
    let world = World::new().await;
    let account = world.person("ada", &["ada@mail.example"]).await;
    let token = world.proved("ada", "ada@mail.example").await;
    let (one, two) = (world.completion(&token, NEW), world.completion(&token, "eleven brass kettles"));

    let (one, two) =
        tokio::join!(world.resets.complete(&world.caller, &one), world.resets.complete(&world.caller, &two),);

    assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|won| **won).count(), 1);
    assert_eq!(world.read(&account).await.epoch, account.epoch.next());
}

#[tokio::test]
async fn a_bad_or_used_password_is_refused_and_attempts_end() {
    let world = World::with(|policy| policy.reset.attempts_per_reset = 3).await;
    world.person("ada", &["ada@mail.example"]).await;
    let token = world.proved("ada", "ada@mail.example").await;

    let mut reasons = Vec::new();
    for password in ["short", OLD, "password1", NEW] {
        let outcome = world.resets.complete(&world.caller, &world.completion(&token, password)).await;
        reasons.push(refusal(outcome).name());
    }

    assert_eq!(reasons, ["password_refused", "password_refused", "password_refused", "attempts_exhausted"]);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn a_reset_dies_after_a_quarter_of_an_hour_and_with_another_caller() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let token = world.proved("ada", "ada@mail.example").await;
    let thief = crate::operation::Caller::new("shop", |_| true);

    let stolen = world.resets.complete(&thief, &world.completion(&token, NEW)).await;
    world.pass(15 * 60);
    let late = world.resets.complete(&world.caller, &world.completion(&token, NEW)).await;

    assert_eq!([refusal(stolen), refusal(late)], [Refusal::ResetInvalid, Refusal::ResetInvalid]);
}

#[tokio::test]
async fn a_code_that_outlives_its_reset_proves_nothing() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let started = world.start("ada").await.unwrap();
    let method = &started.methods[0];
    world.pass(14 * 60);
    world.resets.send_code(&world.caller, &world.send(&started.reset_token, method)).await.unwrap();
    let code = world.verification.code_for("ada@mail.example");
    let proof = || world.proof(&started.reset_token, method, code.expose_secret());
    world.pass(59);
    let in_time = world.resets.submit_proof(&world.caller, &proof()).await.unwrap();
    world.pass(1);

    let late = world.resets.submit_proof(&world.caller, &proof()).await;
    let send = world.send(&started.reset_token, method);
    let sent_late = world.resets.send_code(&world.caller, &send).await.map(drop);

    assert!(in_time.accepted);
    assert_eq!([refusal(late.map(drop)), refusal(sent_late)], [Refusal::ResetInvalid, Refusal::ResetInvalid]);
}

#[tokio::test]
async fn evidence_by_another_channel_or_of_another_verification_proves_nothing() {
    let world = World::new().await;
    let evidence: [fn(Redeemed) -> Redeemed; 4] = [
        |redeemed| redeemed,
        |redeemed| Redeemed { channel: Channel::Sms, ..redeemed },
        |redeemed| Redeemed { verification_id: VerificationId::from_uuid(Uuid::nil()), ..redeemed },
        |redeemed| Redeemed { class: ProofClass::Authenticator, ..redeemed },
    ];

    for (number, evidence) in evidence.into_iter().enumerate() {
        let (login, address) = (format!("ada{number}"), format!("ada{number}@mail.example"));
        world.person(&login, &[&address]).await;
        let started = world.start(&login).await.unwrap();
        let method = &started.methods[0];
        world.resets.send_code(&world.caller, &world.send(&started.reset_token, method)).await.unwrap();
        let code = world.verification.code_for(&address);
        let proof = world.proof(&started.reset_token, method, code.expose_secret());
        world.verification.tell_of(evidence);

        let submitted = world.resets.submit_proof(&world.caller, &proof).await.unwrap();

        assert_eq!(submitted.accepted, number == 0, "{number}");
    }
}

#[tokio::test]
async fn this_was_not_me_freezes_the_account_once() {
    let world = World::new().await;
    world.administrator("root", &["root@mail.example"]).await;
    let account = world.person("ada", &["ada@mail.example"]).await;
    let token = world.proved("ada", "ada@mail.example").await;
    world.resets.complete(&world.caller, &world.completion(&token, NEW)).await.unwrap();
    let notice = world.notices().await.remove(0);
    let link = &notice.variables["link"];
    let repudiation_token = link.strip_prefix("http://127.0.0.1:7300/not-me?token=").unwrap().into();
    let thief = world.signed_in("ada", NEW).await;
    let mut request =
        Repudiate { repudiation_token, request_id: world.request_id(), context: context("192.0.2.9") };

    let undone = world.resets.repudiate(&world.caller, &request).await.unwrap();
    let repeat = world.resets.repudiate(&world.caller, &request).await.unwrap();
    request.request_id = world.request_id();
    let again = world.resets.repudiate(&world.caller, &request).await;

    assert_eq!((undone.sessions_revoked, repeat), (1, undone));
    assert_eq!(refusal(again), Refusal::RepudiationInvalid);
    assert_eq!(world.live(&thief).await, None);
    let frozen = world.read(&account).await;
    assert!(frozen.frozen && frozen.password.is_none());
    assert!(matches!(world.sign_in("ada", NEW).await, SignedIn::Rejected));
    let alarms = world.notices().await;
    assert_eq!(
        alarms.iter().map(|alarm| alarm.template.as_str()).collect::<Vec<_>>(),
        ["reset_repudiated_alarm"]
    );
    assert_eq!(alarms[0].address, "root@mail.example");
}

#[tokio::test]
async fn two_codes_are_one_class_so_an_administrator_cannot_reset_by_them() {
    let world = World::new().await;
    let account = world.administrator("boss", &["boss@mail.example", "+4915112345678"]).await;

    let started = world.start("boss").await.unwrap();
    let send = world.send(&started.reset_token, &started.methods[0]);
    world.resets.send_code(&world.caller, &send).await.unwrap();

    // The tenant's number, as for everybody: a higher one would point out administrators.
    assert_eq!(started.proofs_required, 1);
    assert_eq!(world.verification.real_messages(), 0);
    assert_eq!(world.read(&account).await.epoch, account.epoch);
}

#[tokio::test]
async fn proved_requests_for_help_are_mailed_and_others_wait() {
    let world = World::new().await;
    world.administrator("root", &["root@mail.example"]).await;
    world.person("ada", &["ada@mail.example"]).await;
    world.person("bob", &["bob@mail.example"]).await;
    let ask = |login: &str, reset_token| AskForHelp {
        tenant_id: world.tenant.id,
        login: login.to_owned(),
        reset_token,
        message: "I lost my phone".to_owned(),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    };
    let token = world.proved("ada", "ada@mail.example").await;

    world.help.ask(&world.caller, &ask("bob", None)).await.unwrap();
    world.help.ask(&world.caller, &ask("nobody", None)).await.unwrap();
    let before = world.notices().await.len();
    world.help.ask(&world.caller, &ask("ada", Some(token))).await.unwrap();

    let notices = world.notices().await;
    assert_eq!((before, notices.len()), (0, 1));
    assert_eq!(
        (notices[0].template.as_str(), notices[0].address.as_str()),
        ("help_request", "root@mail.example")
    );
    assert_eq!(notices[0].variables["login"], "ada");
    let link = AskForHelp { message: "see https://evil.example".to_owned(), ..ask("ada", None) };
    let outcome = world.help.ask(&world.caller, &link).await;
    assert!(matches!(refusal(outcome), Refusal::HelpMessageRefused(_)));
}

#[tokio::test]
async fn one_code_proves_once_however_many_show_it_at_once() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let started = world.start("ada").await.unwrap();
    let method = &started.methods[0];
    world.resets.send_code(&world.caller, &world.send(&started.reset_token, method)).await.unwrap();
    let code = world.verification.code_for("ada@mail.example");
    let proofs = [(); 4].map(|()| world.proof(&started.reset_token, method, code.expose_secret()));

    let [a, b, c, d] = &proofs;
    let submit = |proof| world.resets.submit_proof(&world.caller, proof);
    let (a, b, c, d) = tokio::join!(submit(a), submit(b), submit(c), submit(d));

    let accepted = [a, b, c, d].into_iter().filter(|answer| answer.as_ref().unwrap().accepted).count();
    assert_eq!(accepted, 1);
}

#[tokio::test]
async fn a_block_stops_a_proved_reset() {
    let world = World::new().await;
    let account = world.person("ada", &["ada@mail.example"]).await;
    let token = world.proved("ada", "ada@mail.example").await;
    world.change(&account, AccountChange::Blocked(true)).await;

    let outcome = world.resets.complete(&world.caller, &world.completion(&token, NEW)).await;

    assert_eq!(refusal(outcome), Refusal::ResetInvalid);
    assert_eq!(world.read(&account).await.epoch, account.epoch);
}

#[tokio::test]
async fn one_refused_password_costs_one_attempt_however_often_it_is_sent() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let token = world.proved("ada", "ada@mail.example").await;
    let weak = world.completion(&token, "password");

    for _ in 0..12 {
        let outcome = world.resets.complete(&world.caller, &weak).await;
        assert!(matches!(refusal(outcome), Refusal::PasswordRefused(_)));
    }

    let good = CompleteReset { request_id: world.request_id(), ..world.completion(&token, NEW) };
    assert!(world.resets.complete(&world.caller, &good).await.is_ok());
}

#[tokio::test]
async fn a_link_that_is_void_is_refused_and_noted_and_its_password_stays_refused() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let token = world.proved("ada", "ada@mail.example").await;
    world.resets.complete(&world.caller, &world.completion(&token, NEW)).await.unwrap();
    let link = world.notices().await[0].variables["link"].clone();
    let repudiate = |request_id: RequestId| Repudiate {
        repudiation_token: link.split_once("token=").unwrap().1.into(),
        request_id,
        context: context("192.0.2.1"),
    };

    world.resets.repudiate(&world.caller, &repudiate(world.request_id())).await.unwrap();
    let spent = world.resets.repudiate(&world.caller, &repudiate(world.request_id())).await;

    assert_eq!(refusal(spent), Refusal::RepudiationInvalid);
    let last = world.log_of("reset.repudiated").await.pop().unwrap();
    assert_eq!((last.outcome.as_str(), last.reason.as_deref()), ("refused", Some("link_spent")));
    let kept = world.parts.store.last_passwords(&world.scope, ada.id, 1).await.unwrap();
    let voided = world.parts.keys.open_password(world.tenant.id, ada.id, &kept[0]).unwrap();
    let matches = world.parts.hasher.verify(&voided, &NEW.into(), std::time::Duration::from_secs(60)).await;
    assert!(matches.unwrap().matches);
}
