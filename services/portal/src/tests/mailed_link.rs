use axum::http::StatusCode;

use super::browser::World;
use crate::domain::{PasswordRule, Refusal};

const TYPED: [(&str, &str); 2] = [("password", "correct horse"), ("repeated", "correct horse")];

/// The fields of a form that was shown before, filled in.
fn filled<'a>(
    hidden: &'a [(&'static str, String)],
    typed: &[(&'static str, &'static str)],
) -> Vec<(&'static str, &'a str)> {
    let hidden = hidden.iter().map(|(name, value)| (*name, value.as_str()));
    hidden.chain(typed.iter().copied()).collect()
}

#[tokio::test]
async fn the_token_of_a_link_leaves_the_address_and_acts_by_a_button_alone() {
    let world = World::new();
    let browser = world.browser();

    let came = browser.get("/not-me?token=abc-DEF_1").await;
    let shown = browser.get(came.location()).await;
    let before = world.identity.asked();
    let undone = browser.fill("/not-me", "/not-me", &[]).await;
    let last = browser.get(undone.location()).await;

    assert_eq!((came.status, came.location()), (StatusCode::SEE_OTHER, "/not-me"));
    assert!(shown.text.contains("Did you reset your password?") && !shown.text.contains("abc-DEF_1"));
    assert_eq!((before, undone.location()), (Vec::<String>::new(), "/not-me/done"));
    assert_eq!(world.identity.asked(), ["repudiate abc-DEF_1"]);
    assert!(last.text.contains("The reset is undone"), "{}", last.text);
    assert!(!browser.cookie_names().contains(&"__Host-rekey-not-me".to_owned()));
    assert_eq!(browser.get("/not-me").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_link_that_is_cut_or_spent_says_so() {
    let world = World::new();
    let browser = world.browser();
    browser.get("/not-me?token=abc").await;
    browser.get("/new-password?token=abc").await;
    world.identity.refuse(Refusal::LinkOver);
    world.identity.refuse(Refusal::LinkOver);

    let cut = browser.get("/not-me?token=abc%3Cscript%3E").await;
    let spent = browser.fill("/not-me", "/not-me", &[]).await;
    let shown = browser.get("/new-password").await;
    let hidden = browser.hidden_of("/new-password").await;
    world.identity.refuse(Refusal::LinkOver);
    let redeemed = browser.post("/new-password", &filled(&hidden, &TYPED)).await;

    assert_eq!((cut.status, spent.status), (StatusCode::BAD_REQUEST, StatusCode::GONE));
    assert_eq!((shown.status, redeemed.status), (StatusCode::GONE, StatusCode::GONE));
    for over in [shown, redeemed] {
        assert!(over.text.contains("This link no longer works"), "{}", over.text);
    }
}

#[tokio::test]
async fn a_new_password_is_set_by_a_link_with_the_rules_before_typing() {
    let world = World::new();
    let browser = world.browser();
    let came = browser.get("/new-password?token=abc").await;
    let page = "/new-password";

    let shown = browser.get(came.location()).await.text;
    let before = world.identity.asked();
    let differing = browser.fill(page, page, &[("password", "one"), ("repeated", "two")]).await;
    let hidden = browser.hidden_of(page).await;
    let judged = browser.post(page, &filled(&hidden, &[("password", "short"), ("evaluate", "1")])).await;
    world.identity.refuse(Refusal::PasswordRefused(vec![PasswordRule::BannedTerm]));
    let refused = browser.post(page, &filled(&hidden, &TYPED)).await;
    let set = browser.fill(page, page, &TYPED).await;
    let asked = world.identity.asked();
    let last = browser.get(set.location()).await;

    assert!(shown.contains(">has at least 8 characters</li>") && shown.contains("data-evaluate"), "{shown}");
    assert_eq!(before, ["evaluate by link abc"]);
    assert!(differing.text.contains("Enter the same password in both fields"), "{}", differing.text);
    assert_eq!(judged.text, "MINIMUM_LENGTH broken\nCOMMON kept\n");
    assert!(refused.text.contains("data-rule=\"BANNED_TERM\" class=\"broken\""), "{}", refused.text);
    assert_eq!(set.location(), "/new-password/done");
    let redeemed: Vec<_> = asked.iter().filter(|asked| !asked.starts_with("evaluate")).collect();
    assert_eq!(redeemed, ["redeem abc", "redeem abc"]);
    assert!(last.text.contains("Your new password is set") && last.text.contains("href=\"/sign-in\""));
}

#[tokio::test]
async fn a_button_that_was_shown_for_one_link_does_not_act_by_another() {
    let world = World::new();
    let browser = world.browser();
    browser.get("/not-me?token=one").await;
    browser.get("/not-me?token=one").await;
    let shown = browser.get("/not-me").await;
    let (token, id) = (shown.field("form_token"), shown.field("request_id"));

    browser.get("/not-me?token=two").await;
    let fields = [("form_token", token.as_str()), ("request_id", id.as_str())];
    let refused = browser.post("/not-me", &fields).await;
    let undone = browser.fill("/not-me", "/not-me", &[]).await;

    assert_eq!((refused.status, undone.location()), (StatusCode::FORBIDDEN, "/not-me/done"));
    assert_eq!(world.identity.asked(), ["repudiate two"]);
}
