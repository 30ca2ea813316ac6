use std::time::Duration;

use axum::http::StatusCode;
use rekey_wire::identity::v1::{ChallengeKind, MethodKind, SignInChallenge};

use super::browser::{ASIDE, Answer, Browser, MEMBERS, World};
use super::fake_identity::{CODE, CREDENTIAL};
use super::fake_sign_ins::{asked, signed_in};
use crate::domain::{PasswordRule, Refusal};
use crate::peers::SignInOutcome;

const TYPED: [(&str, &str); 2] = [("login", "zoe"), ("password", "correct horse")];

fn has_cookie(browser: &Browser, name: &str) -> bool {
    browser.cookie_names().iter().any(|known| known == name)
}

fn has_session(browser: &Browser) -> bool {
    has_cookie(browser, "__Host-rekey-session")
}

/// Signs in with a password that leads to a question, and gives the address of its page.
async fn questioned(world: &World, browser: &Browser, kind: ChallengeKind, factors: &[MethodKind]) -> String {
    world.identity.will_say(asked("first", kind, factors));
    let led = browser.fill("/sign-in", "/sign-in", &TYPED).await;
    world.identity.asked();
    assert!(led.location().starts_with("/sign-in/continue/"), "{}", led.text);
    led.location().to_owned()
}

/// Answers the question of a page.
async fn give(browser: &Browser, page: &str, typed: &[(&str, &str)]) -> Answer {
    browser.fill(page, page, typed).await
}

#[tokio::test]
async fn a_password_signs_in_and_leads_where_the_person_wanted_to_go() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    world.identity.will_say(signed_in());

    let shown = browser.get("/sign-in?next=/account/sessions").await;
    let typed = [&TYPED[..], &[("next", "/account/sessions")]].concat();
    let there = browser.fill("/sign-in", "/sign-in", &typed).await;

    assert_eq!(shown.field("next"), "/account/sessions");
    assert!(shown.text.contains("Sign-in options") && shown.text.contains("I forgot my password"));
    assert_eq!((there.status, there.location()), (StatusCode::SEE_OTHER, "/account/sessions"));
    assert_eq!(world.identity.asked(), ["sign in zoe with correct horse"]);
    assert!(has_session(&browser));
}

#[tokio::test]
async fn nobody_is_led_elsewhere_after_signing_in() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    world.identity.will_say(signed_in());

    let shown = browser.get("/sign-in?next=//evil.example").await;
    let typed = [&TYPED[..], &[("next", "https://evil.example")]].concat();
    let there = browser.fill("/sign-in", "/sign-in", &typed).await;

    assert_eq!((shown.field("next").as_str(), there.location()), ("/account", "/account"));
}

#[tokio::test]
async fn every_rejection_reads_the_same() {
    let world = World::new();
    let browser = world.browser_of_acme().await;

    let wrong = browser.fill("/sign-in", "/sign-in", &TYPED).await;
    world.identity.refuse(Refusal::FieldInvalid(vec!["login".to_owned()]));
    let malformed = browser.fill("/sign-in", "/sign-in", &TYPED).await;
    let empty = browser.fill("/sign-in", "/sign-in", &[("login", "zoe")]).await;

    assert_eq!((wrong.status, malformed.status), (StatusCode::UNPROCESSABLE_ENTITY, wrong.status));
    assert_eq!(wrong.text.len(), malformed.text.len());
    assert!(wrong.text.contains("do not fit together") && malformed.text.contains("do not fit together"));
    assert!(wrong.text.contains("value=\"zoe\"") && !wrong.text.contains("correct horse"));
    assert!(empty.text.contains("<a href=\"#password\">Enter your password</a>"), "{}", empty.text);
    assert!(!has_session(&browser));
}

#[tokio::test]
async fn too_many_tries_are_a_sentence() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    world.identity.refuse(Refusal::Throttled(Some(Duration::from_secs(60))));
    world.identity.refuse(Refusal::Busy(None));

    let throttled = browser.fill("/sign-in", "/sign-in", &TYPED).await;
    let busy = browser.fill("/sign-in", "/sign-in", &TYPED).await;

    assert!(throttled.text.contains("Try again in 60 seconds"), "{}", throttled.text);
    assert!(busy.text.contains("Too much is going on right now"), "{}", busy.text);
}

#[tokio::test]
async fn forms_of_the_time_before_are_none_afterwards() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let before = browser.get("/sign-in").await;
    let (token, id) = (before.field("form_token"), before.field("request_id"));
    world.identity.will_say(signed_in());

    browser.fill("/sign-in", "/sign-in", &TYPED).await;
    let fixed = [("form_token", token.as_str()), ("request_id", id.as_str())];
    let refused = browser.post("/sign-in", &[&fixed[..], &TYPED].concat()).await;

    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_access_pass_signs_in() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let (page, typed) = ("/sign-in/access-pass", [("login", "zoe"), ("access_pass", "ABCD 2345")]);

    let wrong = browser.fill(page, page, &typed).await;
    world.identity.will_say(signed_in());
    let right = browser.fill(page, page, &typed).await;

    assert!(wrong.text.contains("the pass is no longer good"), "{}", wrong.text);
    assert_eq!(right.location(), "/account");
    let expected = "sign in zoe with the pass ABCD 2345";
    assert_eq!(world.identity.asked(), [expected, expected]);
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_login() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let page = "/sign-in/passkey";

    let shown = browser.get(page).await.text;
    let wrong = browser.fill(page, page, &[("credential", "{}")]).await;
    world.identity.will_say(signed_in());
    let right = browser.fill(page, page, &[("credential", CREDENTIAL)]).await;

    assert!(shown.contains("<button data-passkey hidden>") && !shown.contains("passkey-token"), "{shown}");
    assert!(wrong.text.contains("This passkey does not fit"), "{}", wrong.text);
    assert_eq!(right.location(), "/account");
    let completed = format!("passkey {CREDENTIAL} for passkey-token");
    assert_eq!(world.identity.asked().last(), Some(&completed));
}

#[tokio::test]
async fn passkeys_that_are_not_taken_are_a_sentence() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    world.identity.refuse(Refusal::Other("PASSKEY_SIGN_IN_OFF".to_owned(), Vec::new()));

    let shown = browser.get("/sign-in/passkey").await;

    assert!(shown.text.contains("does not let people sign in with a passkey alone"), "{}", shown.text);
    assert!(!shown.text.contains("<button data-passkey"), "{}", shown.text);
}

#[tokio::test]
async fn a_second_factor_leads_to_the_next_question_and_that_in() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let factors = [MethodKind::Authenticator, MethodKind::RecoveryCode, MethodKind::Passkey];
    let page = questioned(&world, &browser, ChallengeKind::SecondFactor, &factors).await;

    let shown = browser.get(&page).await.text;
    let wrong = give(&browser, &page, &[("factor", "authenticator"), ("code", "000000")]).await;
    world.identity.will_say(asked("second", ChallengeKind::PasswordExpired, &[]));
    let right = give(&browser, &page, &[("factor", "authenticator"), ("code", "123 456")]).await;
    let expired = browser.get(&page).await.text;
    let hidden = browser.hidden_of(&page).await;
    let hidden: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (*name, value.as_str())).collect();
    world.identity.refuse(Refusal::PasswordRefused(vec![PasswordRule::Common]));
    let typed = [("password", "battery staple"), ("repeated", "battery staple")];
    let refused = browser.post(&page, &[&hidden[..], &typed].concat()).await;
    world.identity.will_say(signed_in());
    let there = give(&browser, &page, &typed).await;

    assert!(shown.contains("href=\"?with=recovery-code\"") && shown.contains("href=\"?with=passkey\""));
    assert!(wrong.text.contains("This code is not right, or was used before"), "{}", wrong.text);
    assert_eq!(right.location(), page);
    assert!(expired.contains("Your password has expired") && expired.contains("data-rule=\"COMMON\""));
    assert!(refused.text.contains("data-rule=\"COMMON\" class=\"broken\""), "{}", refused.text);
    assert_eq!(there.location(), "/account");
    let answered = [
        "app 000000 for first",
        "app 123456 for first",
        "password battery staple for second",
        "password battery staple for second",
    ];
    let asked = world.identity.asked();
    let asked: Vec<_> = asked.iter().filter(|asked| !asked.starts_with("evaluate")).collect();
    assert_eq!(asked, answered);
    assert_eq!(browser.get(&page).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn the_rules_of_a_new_password_are_shown_before_typing_and_while_it_is_typed() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let page = questioned(&world, &browser, ChallengeKind::PasswordExpired, &[]).await;

    let shown = browser.get(&page).await;
    let (token, id) = (shown.field("form_token"), shown.field("request_id"));
    let fields = [
        ("form_token", token.as_str()),
        ("request_id", id.as_str()),
        ("password", "short"),
        ("evaluate", "1"),
    ];
    let evaluated = browser.post(&page, &fields).await;

    let text = shown.text;
    assert!(text.contains(">has at least 8 characters</li>") && text.contains("data-evaluate"), "{text}");
    assert_eq!(evaluated.text, "MINIMUM_LENGTH broken\nCOMMON kept\n");
    assert_eq!(world.identity.asked(), ["evaluate by challenge first", "evaluate by challenge first"]);
}

#[tokio::test]
async fn another_factor_is_a_link_away() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let factors = [MethodKind::RecoveryCode, MethodKind::Passkey];
    let page = questioned(&world, &browser, ChallengeKind::SecondFactor, &factors).await;

    let passkey = browser.get(&page).await.text;
    let saved = browser.get(&format!("{page}?with=recovery-code")).await.text;
    let wrong = give(&browser, &page, &[("factor", "recovery-code"), ("code", "ABCD-EFGH")]).await;
    give(&browser, &page, &[("factor", "passkey"), ("credential", CREDENTIAL)]).await;

    assert!(passkey.contains("data-passkey-options=") && passkey.contains("/assets/passkey.js"));
    assert!(saved.contains("name=\"code\"") && !saved.contains("/assets/passkey.js"), "{saved}");
    assert!(wrong.text.contains("name=\"factor\" value=\"recovery-code\""), "{}", wrong.text);
    let passkey = format!("passkey {CREDENTIAL} for first");
    assert_eq!(world.identity.asked(), ["recovery ABCD-EFGH for first", &passkey]);
}

#[tokio::test]
async fn passkeys_whose_ids_no_cookie_holds_are_asked_for_without_them() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let (login, ids) = ("ü".repeat(256), "A".repeat(5 * 1_364));
    world.identity.will_say(SignInOutcome::Challenged(SignInChallenge {
        challenge_token: "first".to_owned(),
        kind: ChallengeKind::SecondFactor.into(),
        second_factors: vec![MethodKind::Passkey.into()],
        passkey_request_options_json: format!(r#"{{"allowCredentials":[{{"id":"{ids}"}}],"rpId":"acme"}}"#),
        ..SignInChallenge::default()
    }));

    let led = browser.fill("/sign-in", "/sign-in", &[("login", login.as_str()), TYPED[1]]).await;
    let shown = browser.get(led.location()).await;

    assert_eq!((led.status, shown.status), (StatusCode::SEE_OTHER, StatusCode::OK));
    assert!(shown.text.contains("&quot;rpId&quot;:&quot;acme&quot;"), "{}", shown.text);
    assert!(!shown.text.contains(&ids), "{}", shown.text);
}

#[tokio::test]
async fn a_code_is_sent_when_it_is_asked_for() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let page = questioned(&world, &browser, ChallengeKind::SentCode, &[MethodKind::Email]).await;
    let send = format!("{page}/code");

    let before = browser.get(&page).await.text;
    let sent = browser.fill(&page, &send, &[]).await;
    let shown = browser.get(sent.location()).await.text;
    world.clock.advance(Duration::from_secs(30));
    let possible = browser.get(&page).await.text;
    world.identity.will_say(signed_in());
    let there = give(&browser, &page, &[("code", CODE)]).await;

    assert!(before.contains("Get a verification code") && !before.contains("one-time-code"), "{before}");
    assert_eq!(sent.location(), page);
    assert!(
        shown.contains("A code is on its way to z••@acme.example") && shown.contains("in 30 s"),
        "{shown}"
    );
    assert!(possible.contains("Send another code"), "{possible}");
    assert_eq!(there.location(), "/account");
    assert_eq!(world.identity.asked(), ["send the code of first", &format!("sent {CODE} for first")]);
}

#[tokio::test]
async fn security_info_is_confirmed_or_led_to() {
    let world = World::new();
    for (verdict, place) in [("right", "/account"), ("changed", "/account/security-info")] {
        let browser = world.browser_of_acme().await;
        let page = questioned(&world, &browser, ChallengeKind::ConfirmSecurityInfo, &[]).await;
        let shown = browser.get(&page).await.text;
        let unsaid = give(&browser, &page, &[]).await;
        world.identity.will_say(signed_in());

        let there = give(&browser, &page, &[("verdict", verdict)]).await;

        assert!(shown.contains("E-mail: z••@acme.example") && shown.contains("Something changed"), "{shown}");
        assert_eq!((unsaid.status, there.location()), (StatusCode::UNPROCESSABLE_ENTITY, place));
        assert_eq!(world.identity.asked(), [format!("still right: {} for first", verdict == "right")]);
    }
}

#[tokio::test]
async fn two_sign_ins_in_two_tabs_do_not_mix() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let one = questioned(&world, &browser, ChallengeKind::PasswordExpired, &[]).await;
    let two = questioned(&world, &browser, ChallengeKind::SecondFactor, &[MethodKind::Authenticator]).await;

    let of_one = browser.get(&one).await.text;
    let of_two = browser.get(&two).await.text;

    assert_ne!(one, two);
    assert!(of_one.contains("Choose a new password") && of_two.contains("One more proof"), "{of_one}");
}

#[tokio::test]
async fn a_sign_in_that_identity_ended_begins_again() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let page = questioned(&world, &browser, ChallengeKind::PasswordChangeRequired, &[]).await;
    let hidden = browser.hidden_of(&page).await;
    let hidden: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let typed = [("password", "battery staple"), ("repeated", "battery staple")];

    world.identity.refuse(Refusal::ChallengeOver);
    let answered = browser.post(&page, &[&hidden[..], &typed].concat()).await;
    world.identity.refuse(Refusal::ChallengeOver);
    let shown = browser.get(&page).await;

    for over in [answered, shown] {
        assert_eq!(over.status, StatusCode::GONE);
        assert!(over.text.contains("This sign-in is over") && over.text.contains("href=\"/sign-in\""));
    }
}

#[tokio::test]
async fn the_browser_forgets_a_session_whatever_identity_says() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    world.identity.will_say(signed_in());
    browser.fill("/sign-in", "/sign-in", &TYPED).await;
    let within = browser.get(MEMBERS).await;
    world.identity.asked();
    world.identity.refuse(Refusal::SignedOut);

    let left = browser.fill(MEMBERS, "/sign-out", &[]).await;
    let was_forgotten = !has_session(&browser);
    let shown = browser.get(left.location()).await;
    let again = browser.get(MEMBERS).await;

    assert_eq!((within.status, left.location()), (StatusCode::OK, "/sign-in"));
    assert!(was_forgotten && within.text.contains("<span dir=\"auto\">zoe</span>"), "{}", within.text);
    assert_eq!(world.identity.asked(), ["sign out access"]);
    assert!(shown.text.contains("You are signed out on this device"), "{}", shown.text);
    assert_eq!(again.location(), "/sign-in?next=%2Fmembers");
}

#[tokio::test]
async fn a_session_that_waits_ends_with_the_one_at_hand() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    world.identity.will_say(signed_in());
    browser.fill("/sign-in", "/sign-in", &TYPED).await;
    browser.get(ASIDE).await;
    let has_waited = has_cookie(&browser, "__Host-rekey-set-aside");
    world.identity.asked();

    browser.fill(MEMBERS, "/sign-out", &[]).await;

    assert!(has_waited && !has_cookie(&browser, "__Host-rekey-set-aside") && !has_session(&browser));
    assert_eq!(world.identity.asked(), ["sign out access", "sign out access"]);
}
