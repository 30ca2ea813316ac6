//! One guess on many logins.

use rekey_primitives::secret::SecretString;

use crate::config::Spraying;
use crate::domain::account::Account;
use crate::domain::refusal::Refusal;
use crate::operation::Error;
use crate::sign_in::{
    AnswerChallenge, ChallengeAnswer, Continued, SendSignInCode, SignInChallenge, SignedIn,
};
use crate::testing::{OLD, World, context, refusal};
use crate::tokens::ChallengeKind;

const ELSEWHERE: &str = "198.51.100.7";

impl World {
    /// One guess at so many logins that nobody has, each from a network of its own.
    async fn spray(&self, logins: u32) {
        for number in 0..logins {
            let ip = format!("203.0.{}.{}", 100 + number / 200, number % 200);
            self.sign_in_from(&ip, &format!("nobody{number}"), "summer 2026 sunshine").await;
        }
    }
}

#[tokio::test]
async fn a_right_password_amid_spraying_is_noted_and_signs_in() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    world.spray(49).await;
    world.sign_in_from(ELSEWHERE, "ada", "wrong password").await;

    let signed_in = world.sign_in_from(ELSEWHERE, "ada", OLD).await;

    assert!(matches!(signed_in, SignedIn::Tokens(_)), "{signed_in:?}");
    let suspected = world.log_of("sign_in.spraying_suspected").await;
    let noted: Vec<_> = suspected.iter().map(|event| (event.reason.as_deref(), event.subject_id)).collect();
    assert!(noted.contains(&(Some("many_logins"), None)), "{noted:?}");
    assert!(noted.contains(&(Some("right_password"), Some(ada.id.as_uuid()))), "{noted:?}");
}

#[tokio::test]
async fn a_familiar_place_is_no_part_of_it() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    world.sign_in("ada", OLD).await;
    world.spray(50).await;

    world.sign_in("ada", OLD).await;

    let suspected = world.log_of("sign_in.spraying_suspected").await;
    assert!(suspected.iter().all(|event| event.subject_id.is_none()), "{suspected:?}");
}

#[tokio::test]
async fn right_passwords_that_are_asked_for_more_count_against_it() {
    let world = World::new().await;
    for number in 0..30 {
        let must_change = |account: &mut Account| account.password.as_mut().unwrap().must_change = true;
        world.person_with(&format!("person{number}"), &[], must_change).await;
        let ip = format!("198.51.{number}.7");
        let asked = world.sign_in_from(&ip, &format!("person{number}"), OLD).await;
        assert!(matches!(asked, SignedIn::Challenge(_)), "{asked:?}");
    }

    world.spray(55).await;

    assert_eq!(world.log_of("sign_in.spraying_suspected").await, []);
}

#[tokio::test]
async fn spraying_is_over_when_its_window_is() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    world.spray(50).await;
    world.pass(600);

    world.sign_in_from(ELSEWHERE, "ada", OLD).await;

    let suspected = world.log_of("sign_in.spraying_suspected").await;
    assert!(suspected.iter().all(|event| event.subject_id.is_none()), "{suspected:?}");
}

/// A world that asks for a code amid spraying, and is sprayed.
async fn sprayed() -> World {
    let mut world = World::new().await;
    world.adapt(|parts| parts.settings.limits.spraying = Spraying::Challenge);
    world.spray(50).await;
    world
}

impl World {
    async fn asked_for_a_code(&self, login: &str) -> SignInChallenge {
        let SignedIn::Challenge(challenge) = self.sign_in_from(ELSEWHERE, login, OLD).await else {
            panic!("no challenge")
        };
        assert_eq!(challenge.kind, ChallengeKind::SentCode);
        challenge
    }

    async fn send_sign_in_code(&self, challenge: &SignInChallenge) -> Result<Vec<String>, Error> {
        let request = SendSignInCode {
            challenge_token: challenge.token.clone(),
            request_id: self.request_id(),
            context: context(ELSEWHERE),
        };
        Ok(self.sign_ins.send_code(&self.caller, &request).await?.masked_destinations)
    }

    async fn answer_with(
        &self,
        challenge: &SignInChallenge,
        code: &SecretString,
    ) -> Result<Continued, Error> {
        let request = AnswerChallenge {
            challenge_token: challenge.token.clone(),
            answer: ChallengeAnswer::SentCode(code.clone()),
            request_id: self.request_id(),
            context: context(ELSEWHERE),
        };
        self.sign_ins.continue_sign_in(&self.caller, &request).await
    }
}

#[tokio::test]
async fn amid_spraying_a_right_password_is_asked_for_a_code_that_opens_an_ordinary_session() {
    let world = sprayed().await;
    let ada = world.person("ada", &["ada@mail.example", "ada@work.example"]).await;

    let challenge = world.asked_for_a_code("ada").await;
    let sent_to = world.send_sign_in_code(&challenge).await.unwrap();
    let code = world.verification.latest_code_for("ada@work.example");
    let wrong = world.answer_with(&challenge, &SecretString::from("0000000")).await;
    let signed_in = world.answer_with(&challenge, &code).await;
    let again = world.answer_with(&challenge, &code).await;

    assert_eq!((challenge.second_factors.clone(), sent_to.len()), (vec!["email".to_owned()], 2));
    assert!(matches!(wrong, Ok(Continued::Rejected { .. })), "{wrong:?}");
    let Ok(Continued::Tokens(tokens)) = signed_in else { panic!("{signed_in:?}") };
    assert_eq!(world.live(&tokens).await.unwrap().account_id, ada.id);
    assert_eq!(tokens.session_expires_at.since(world.now()).as_secs(), 30 * 86_400);
    assert!(matches!(again, Ok(Continued::Rejected { .. })), "{again:?}");
}

#[tokio::test]
async fn a_code_that_was_not_asked_for_opens_nothing_and_is_sent_for_its_challenge_alone() {
    let world = sprayed().await;
    world.person("ada", &["ada@mail.example"]).await;
    world.person("bob", &["bob@mail.example"]).await;
    let [of_ada, of_bob] = [world.asked_for_a_code("ada").await, world.asked_for_a_code("bob").await];
    let unsent = world.answer_with(&of_ada, &SecretString::from("123456")).await;
    world.send_sign_in_code(&of_bob).await.unwrap();
    world.send_sign_in_code(&of_ada).await.unwrap();
    let bobs = world.verification.latest_code_for("bob@mail.example");

    let with_bobs = world.answer_with(&of_ada, &bobs).await;
    let too_soon = refusal(world.send_sign_in_code(&of_ada).await);
    world.pass(30);
    world.send_sign_in_code(&of_ada).await.unwrap();

    assert!(matches!(unsent, Ok(Continued::Rejected { .. })), "{unsent:?}");
    assert!(matches!(with_bobs, Ok(Continued::Rejected { .. })), "{with_bobs:?}");
    assert!(matches!(too_soon, Refusal::SendLimited { .. }), "{too_soon:?}");
}

#[tokio::test]
async fn the_question_that_waited_comes_after_the_code() {
    let world = sprayed().await;
    let must_change = |account: &mut Account| account.password.as_mut().unwrap().must_change = true;
    world.person_with("ada", &["ada@mail.example"], must_change).await;
    let challenge = world.asked_for_a_code("ada").await;
    world.send_sign_in_code(&challenge).await.unwrap();

    let asked_on =
        world.answer_with(&challenge, &world.verification.latest_code_for("ada@mail.example")).await;

    let Ok(Continued::Challenge(next)) = asked_on else { panic!("{asked_on:?}") };
    assert_eq!(next.kind, ChallengeKind::PasswordChangeRequired);
}

#[tokio::test]
async fn who_has_no_address_is_rejected_and_who_has_a_second_factor_is_asked_for_that() {
    let world = sprayed().await;
    world.person("ada", &[]).await;
    world.person_with_authenticator("bob", &["bob@mail.example"], |_| {}).await;

    let without = world.sign_in_from(ELSEWHERE, "ada", OLD).await;
    let SignedIn::Challenge(challenge) = world.sign_in_from(ELSEWHERE, "bob", OLD).await else {
        panic!("no challenge")
    };
    let refused = refusal(world.send_sign_in_code(&challenge).await);

    assert!(matches!(without, SignedIn::Rejected), "{without:?}");
    let rejected = world.log_of("sign_in.attempted").await;
    assert!(
        rejected.iter().any(|event| event.reason.as_deref() == Some("no_address_amid_spraying")),
        "{rejected:?}"
    );
    assert_eq!((challenge.kind, refused), (ChallengeKind::SecondFactor, Refusal::ChallengeInvalid));
}

#[tokio::test]
async fn right_codes_hold_nothing_against_the_next() {
    let world = sprayed().await;
    world.person("ada", &["ada@mail.example"]).await;

    for number in 0..3 {
        let ip = format!("198.51.{number}.7");
        let SignedIn::Challenge(challenge) = world.sign_in_from(&ip, "ada", OLD).await else {
            panic!("no challenge at {ip}")
        };
        world.send_sign_in_code(&challenge).await.unwrap();
        for _ in 0..3 {
            let answered = world.answer_with(&challenge, &SecretString::from("0000000")).await;
            assert!(matches!(answered, Ok(Continued::Rejected { .. })), "{number}: {answered:?}");
        }
        let code = world.verification.latest_code_for("ada@mail.example");
        let answered = world.answer_with(&challenge, &code).await;
        assert!(matches!(answered, Ok(Continued::Tokens(_))), "{number}: {answered:?}");
    }
}
