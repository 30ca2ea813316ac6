//! A repeated call gets its first answer, a rejection too, and costs no second attempt.

use rekey_primitives::contact::{Destination, EmailAddress};
use rekey_primitives::id::{SecurityInfoId, SessionId};
use rekey_primitives::secret::{ExposeSecret, SecretString};

use super::{Answer, OrRejected, Request};
use crate::domain::audit::EventKind;
use crate::domain::refusal::Refusal;
use crate::operation::{Operation, Origin, Person, Rpc};
use crate::passwords::ChangePassword;
use crate::resets::ProofSubmitted;
use crate::sign_in::{Continued, SignIn, SignedIn};
use crate::testing::{NEW, OLD, World, context, done, is_rejected, refusal};

/// Rows of an older release wait for their repeats while a newer one is rolled out.
#[test]
fn answers_that_an_older_release_stored_read() {
    let id = "018f4d5e-0000-7000-8000-000000000001";
    let tokens = format!(
        r#"{{"access_token":"a","access_expires_at":1,"refresh_token":"r","session_id":"{id}","session_expires_at":2,"account_id":"{id}"}}"#
    );
    let challenge = r#"{"token":"t","kind":"password_expired"}"#;
    let proof = r#"{"accepted":true,"reset_token":"t","proofs_remaining":1}"#;

    let signed_in: SignedIn = serde_json::from_str(&format!(r#"{{"Tokens":{tokens}}}"#)).unwrap();
    let asked: SignedIn = serde_json::from_str(&format!(r#"{{"Challenge":{challenge}}}"#)).unwrap();
    let rejected: SignedIn = serde_json::from_str(r#""Rejected""#).unwrap();
    let went_on: Continued = serde_json::from_str(&tokens).unwrap();
    let next: Continued = serde_json::from_str(challenge).unwrap();
    let changed: OrRejected<u32> = serde_json::from_str(r#"{"rejected":true}"#).unwrap();
    let proof: ProofSubmitted = serde_json::from_str(proof).unwrap();

    let SignedIn::Tokens(tokens) = signed_in else { panic!("{signed_in:?}") };
    assert_eq!((tokens.access_token.expose_secret(), tokens.session_expires_at.unix_micros()), ("a", 2));
    assert!(matches!((asked, rejected), (SignedIn::Challenge(_), SignedIn::Rejected)));
    assert!(matches!((went_on, next), (Continued::Tokens(_), Continued::Challenge(_))));
    assert!(is_rejected(Ok(changed)) && proof.accepted);
}

#[tokio::test]
async fn what_the_first_call_did_refuses_no_repeat() {
    let world = World::new().await;
    let (idempotency, context) = (&world.sessions.idempotency, context("192.0.2.1"));
    let origin = Origin { caller: &world.caller, context: &context };
    let rpc = Rpc { name: "ChangePassword", event: EventKind::PasswordChanged };
    let operation = Operation::new(rpc, world.scope, origin, world.now());
    let request = Request { who: "ada", id: world.request_id(), content: &[b"the same"] };
    let operation = idempotency.named(operation, request);

    let first = async { Ok(Answer::to_store(1_u8)) };
    let overtaken = async {
        idempotency.run(&operation, first).await?;
        Err(Refusal::ResetInvalid.into())
    };
    let answered: Result<u8, _> = idempotency.run(&operation, overtaken).await;

    assert_eq!(answered.unwrap(), 1);
}

#[tokio::test]
async fn a_repeated_rejection_counts_no_second_try() {
    let world = World::with(|policy| policy.lockout.threshold = 5).await;
    world.person("ada", &[]).await;
    let wrong = world.sign_in_request("192.0.2.1", "ada", "wrong password 0");
    world.sign_ins.sign_in(&world.caller, &wrong).await.unwrap();
    // The last three are remembered for themselves; the first is not any more.
    for number in 1..4 {
        world.sign_in("ada", &format!("wrong password {number}")).await;
    }

    let repeat = world.sign_ins.sign_in(&world.caller, &wrong).await.unwrap();

    assert!(matches!(repeat, SignedIn::Rejected));
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn a_rejection_stands_for_its_request_whatever_happens_since() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let early = world.sign_in_request("192.0.2.1", "ada", NEW);
    world.sign_ins.sign_in(&world.caller, &early).await.unwrap();
    let token = world.proved("ada", "ada@mail.example").await;
    world.resets.complete(&world.caller, &world.completion(&token, NEW)).await.unwrap();

    let repeat = world.sign_ins.sign_in(&world.caller, &early).await.unwrap();
    world.pass(600);
    let forgotten = world.sign_ins.sign_in(&world.caller, &early).await.unwrap();

    assert!(matches!(repeat, SignedIn::Rejected));
    assert!(matches!(forgotten, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn other_content_under_the_id_of_a_rejection_is_refused_for_everybody_alike() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    world.person_with("bob", &[], |account| account.blocked = true).await;

    for login in ["ada", "bob", "nobody"] {
        let wrong = world.sign_in_request("192.0.2.1", login, NEW);
        let first = world.sign_ins.sign_in(&world.caller, &wrong).await.unwrap();
        let other = SignIn { password: OLD.into(), ..wrong };
        let other = world.sign_ins.sign_in(&world.caller, &other).await;

        assert!(matches!(first, SignedIn::Rejected), "{login}");
        assert_eq!(refusal(other), Refusal::RequestIdReused, "{login}");
    }
}

#[tokio::test]
async fn a_locked_login_keeps_its_rejections_too() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    for number in 0..10 {
        world.sign_in("ada", &format!("wrong password {number}")).await;
    }
    let right = world.sign_in_request("192.0.2.1", "ada", OLD);

    let locked = world.sign_ins.sign_in(&world.caller, &right).await.unwrap();
    world.pass(60);
    let repeat = world.sign_ins.sign_in(&world.caller, &right).await.unwrap();

    assert!(matches!((locked, repeat), (SignedIn::Rejected, SignedIn::Rejected)));
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn a_sign_in_that_was_counted_and_cut_off_is_judged_by_its_repeat() {
    let mut world = World::with(|policy| policy.lockout.threshold = 3).await;
    world.person("ada", &[]).await;
    let request = world.sign_in_request("192.0.2.1", "ada", OLD);
    // The key of every hash is gone for a moment, after the attempt was counted.
    let (usual, gone) = (world.parts.keys.clone(), world.keys_with_another_pepper());
    world.adapt(|parts| parts.keys = gone);

    for _ in 0..4 {
        assert!(world.sign_ins.sign_in(&world.caller, &request).await.is_err());
    }
    world.adapt(|parts| parts.keys = usual);

    assert!(matches!(world.sign_ins.sign_in(&world.caller, &request).await, Ok(SignedIn::Tokens(_))));
}

#[tokio::test]
async fn a_rejected_change_of_password_is_kept_for_its_request() {
    let world = World::with(|policy| policy.lockout.threshold = 5).await;
    world.person("ada", &[]).await;
    let person = world.live(&world.signed_in("ada", OLD).await).await.unwrap();
    let change = |number: u32| ChangePassword {
        current_password: format!("wrong password {number}").into(),
        new_password: NEW.into(),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    };
    let wrong = change(0);
    let first = world.passwords.change(&world.caller, &person, &wrong).await;
    // The last three are remembered for themselves; the first is not any more.
    for number in 1..4 {
        let other = world.passwords.change(&world.caller, &person, &change(number)).await;
        assert!(is_rejected(other));
    }

    let repeat = world.passwords.change(&world.caller, &person, &wrong).await;
    let other = ChangePassword { current_password: OLD.into(), ..wrong };
    let other = world.passwords.change(&world.caller, &person, &other).await;

    assert!(is_rejected(first) && is_rejected(repeat));
    assert_eq!(refusal(other), Refusal::RequestIdReused);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn a_rejected_change_stands_for_its_request_whatever_happens_since() {
    const NEXT: &str = "a lantern under the third bridge";
    let world = World::new().await;
    world.person("ada", &[]).await;
    let person = world.live(&world.signed_in("ada", OLD).await).await.unwrap();
    let change = |current: &str, new: &str| ChangePassword {
        current_password: current.into(),
        new_password: new.into(),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    };
    let early = change(NEW, NEXT);
    let first = world.passwords.change(&world.caller, &person, &early).await;
    world.passwords.change(&world.caller, &person, &change(OLD, NEW)).await.unwrap();

    let repeat = world.passwords.change(&world.caller, &person, &early).await;

    assert!(is_rejected(first) && is_rejected(repeat));
    assert!(matches!(world.sign_in("ada", NEW).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn a_locked_login_keeps_rejected_changes_too() {
    let world = World::with(|policy| policy.lockout.threshold = 1).await;
    world.person("ada", &[]).await;
    let person = world.live(&world.signed_in("ada", OLD).await).await.unwrap();
    world.sign_in("ada", "wrong password").await;
    let right = ChangePassword {
        current_password: OLD.into(),
        new_password: NEW.into(),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    };

    let locked = world.passwords.change(&world.caller, &person, &right).await;
    world.pass(60);
    let repeat = world.passwords.change(&world.caller, &person, &right).await;

    assert!(is_rejected(locked) && is_rejected(repeat));
}

#[tokio::test]
async fn a_rejected_code_is_kept_for_its_request() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let person = world.live(&world.signed_in("ada", OLD).await).await.unwrap();
    let owner = world.owner(&person);
    let address = Destination::Email(EmailAddress::parse("ada@mail.example").unwrap());
    let added = world.security_info.add(&owner, &address, world.request_id()).await.unwrap();
    let id = SecurityInfoId::from_uuid(added.entry.security_info_id);
    let (wrong, request_id) = (SecretString::from("000000"), world.request_id());
    let first = world.security_info.confirm(&owner, id, &wrong, request_id).await;
    let code = world.verification.code_for("ada@mail.example");
    // Nobody is asked again.
    world.verification.set_away(true);

    let repeat = world.security_info.confirm(&owner, id, &wrong, request_id).await;
    let other = world.security_info.confirm(&owner, id, &code, request_id).await;
    world.verification.set_away(false);

    assert!(is_rejected(first) && is_rejected(repeat));
    assert_eq!(refusal(other), Refusal::RequestIdReused);
    done(world.security_info.confirm(&owner, id, &code, world.request_id()).await);
}

#[tokio::test]
async fn whoever_has_signed_out_is_told_so_again_and_may_do_nothing_else() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let (here, there) = (world.signed_in("ada", OLD).await, world.signed_in("ada", OLD).await);
    let person = world.live(&here).await.unwrap();
    let request_id = world.request_id();
    world.sessions.sign_out(&world.owner(&person), request_id).await.unwrap();

    let left = world.sessions.verify_leaving_person(&here.access_token).await.unwrap().unwrap();
    let repeat = world.sessions.sign_out(&world.owner(&left), request_id).await;
    let other = world.sessions.sign_out(&world.owner(&left), world.request_id()).await;
    let another_there = world.live(&there).await.unwrap();
    let used_there = world.request_id();
    world.sessions.sign_out(&world.owner(&another_there), used_there).await.unwrap();
    let of_another = world.sessions.sign_out(&world.owner(&left), used_there).await;

    assert_eq!(refusal(of_another), Refusal::AccessTokenInvalid);
    assert_eq!(world.live(&here).await, None);
    assert!(repeat.is_ok());
    assert_eq!(refusal(other), Refusal::AccessTokenInvalid);
    world.pass(300);
    let late = world.sessions.verify_leaving_person(&here.access_token).await.unwrap().unwrap();
    assert!(world.sessions.sign_out(&world.owner(&late), request_id).await.is_ok());
    let other = world.sessions.sign_out(&world.owner(&late), world.request_id()).await;
    assert_eq!(refusal(other), Refusal::AccessTokenInvalid);
}

#[tokio::test]
async fn a_session_that_ends_itself_among_others_is_told_so_again() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let (here, there) = (world.signed_in("ada", OLD).await, world.signed_in("ada", OLD).await);
    let person = world.live(&here).await.unwrap();
    let both = [person.session_id, world.live(&there).await.unwrap().session_id];
    let request_id = world.request_id();
    let revoke = async |person: &Person, sessions: &[SessionId], request_id| {
        world.sessions.revoke(&world.owner(person), sessions, request_id).await
    };
    let first = revoke(&person, &both, request_id).await.unwrap();

    let left = world.sessions.verify_leaving_person(&here.access_token).await.unwrap().unwrap();
    let repeat = revoke(&left, &both, request_id).await.unwrap();
    let fewer = revoke(&left, &both[..1], request_id).await;
    let another = revoke(&left, &[], world.request_id()).await;

    assert_eq!((first.sessions_revoked, repeat), (2, first));
    assert_eq!(refusal(fewer), Refusal::RequestIdReused);
    assert_eq!(refusal(another), Refusal::AccessTokenInvalid);
    assert_eq!(world.sessions.verify_leaving_person(&there.access_token).await.unwrap(), None);
}

#[tokio::test]
async fn a_session_that_was_ended_from_elsewhere_is_not_left() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let (here, there) = (world.signed_in("ada", OLD).await, world.signed_in("ada", OLD).await);
    let person = world.live(&here).await.unwrap();
    world.sessions.revoke(&world.owner(&person), &[], world.request_id()).await.unwrap();

    let revoked = world.sessions.verify_leaving_person(&there.access_token).await.unwrap();
    let live = world.sessions.verify_leaving_person(&here.access_token).await.unwrap();

    assert_eq!((revoked, live), (None, Some(person)));
}
