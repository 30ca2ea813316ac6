use std::time::Duration;

use axum::http::{StatusCode, header};

use super::browser::{Answer, Browser, World};
use super::fake_identity::{CODE, CREDENTIAL, LARGE_LOGIN};
use crate::domain::{PasswordRule, Refusal};

/// Begins a reset and gives the address of its pages.
async fn begin(browser: &Browser, login: &str) -> String {
    let begun = browser.fill("/reset", "/reset", &[("login", login)]).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text);
    begun.location().strip_suffix("/prove").unwrap().to_owned()
}

/// Takes a page of a reset, with what is typed into it.
async fn take(browser: &Browser, reset: &str, page: &str, typed: &[(&str, &str)]) -> Answer {
    let path = format!("{reset}/{page}");
    browser.fill(&path, &path, typed).await
}

#[tokio::test]
async fn a_forgotten_password_is_reset_in_four_pages() {
    let world = World::new();
    let browser = world.browser_of_acme().await;

    let reset = begin(&browser, "zoe").await;
    let unchosen = take(&browser, &reset, "prove", &[]).await;
    let sent = take(&browser, &reset, "prove", &[("method", "1")]).await;
    let proved = take(&browser, &reset, "code", &[("code", "Your code is 123 456")]).await;
    let typed = [("password", "correct horse"), ("repeated", "correct horse")];
    let done = take(&browser, &reset, "password", &typed).await;
    let last = browser.get(done.location()).await;

    assert!(unchosen.text.contains("wrong\" aria-describedby=\"method-problem\""), "{}", unchosen.text);
    assert_eq!(sent.location(), format!("{reset}/code"));
    assert_eq!(proved.location(), format!("{reset}/password"));
    assert_eq!((done.location(), last.status), ("/reset/done", StatusCode::OK));
    assert!(last.text.contains("Your new password is set"), "{}", last.text);
    let asked = world.identity.asked();
    assert_eq!(asked[0], "start zoe from 192.0.2.7 in en");
    assert_eq!(asked[1..3], ["send 1 of token-of-zoe", &format!("submit {CODE} for 1 of token-of-zoe")]);
    assert_eq!(asked.last().unwrap(), "complete proved-token-of-zoe");
    assert_eq!(browser.get(&format!("{reset}/password")).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_passkey_proves_a_reset_where_the_browser_has_one() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let reset = begin(&browser, "zoe").await;

    let offer = browser.get(&format!("{reset}/prove")).await.text;
    take(&browser, &reset, "prove", &[("method", "3")]).await;
    let asked = browser.get(&format!("{reset}/code")).await.text;
    let empty = take(&browser, &reset, "code", &[]).await;
    let wrong = take(&browser, &reset, "code", &[("credential", "{}")]).await;
    let right = take(&browser, &reset, "code", &[("credential", CREDENTIAL)]).await;

    assert!(
        offer.contains("data-passkey hidden><input type=\"radio\" name=\"method\" value=\"3\""),
        "{offer}"
    );
    assert!(offer.contains("/assets/passkey.js") && asked.contains("/assets/passkey.js"), "{asked}");
    assert!(asked.contains("data-passkey-options=") && !asked.contains("one-time-code"), "{asked}");
    assert_eq!(
        (empty.status, wrong.status),
        (StatusCode::UNPROCESSABLE_ENTITY, StatusCode::UNPROCESSABLE_ENTITY)
    );
    assert!(wrong.text.contains("This passkey does not fit"), "{}", wrong.text);
    assert_eq!(right.location(), format!("{reset}/password"));
}

#[tokio::test]
async fn a_passkey_that_the_browser_could_not_keep_is_not_offered() {
    let world = World::new();
    let browser = world.browser_of_acme().await;

    let reset = begin(&browser, LARGE_LOGIN).await;
    let offer = browser.get(&format!("{reset}/prove")).await.text;
    let sent = take(&browser, &reset, "prove", &[("method", "1")]).await;

    assert!(offer.contains("name=\"method\" value=\"1\"") && !offer.contains("passkey"), "{offer}");
    assert_eq!(sent.location(), format!("{reset}/code"));
}

#[tokio::test]
async fn two_resets_in_two_tabs_do_not_mix() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let (zoe, ben) = (begin(&browser, "zoe").await, begin(&browser, "ben").await);
    world.identity.asked();

    take(&browser, &zoe, "prove", &[("method", "1")]).await;
    take(&browser, &ben, "prove", &[("method", "2")]).await;
    take(&browser, &zoe, "code", &[("code", CODE)]).await;
    let too_early = browser.get(&format!("{ben}/password")).await;

    let asked = world.identity.asked();
    assert_eq!(asked, ["send 1 of token-of-zoe", &format!("submit {CODE} for 1 of token-of-zoe")]);
    assert_eq!(too_early.location(), format!("{ben}/prove"));
}

#[tokio::test]
async fn of_many_resets_in_one_browser_the_last_go_on() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let mut statuses = Vec::new();
    let mut resets = Vec::new();

    for login in ["kai", "ben", "kim", "zoe"] {
        resets.push(begin(&browser, login).await);
        world.clock.advance(Duration::from_secs(1));
    }
    for reset in resets {
        statuses.push(browser.get(&format!("{reset}/prove")).await.status);
    }

    assert_eq!(statuses, [StatusCode::GONE, StatusCode::OK, StatusCode::OK, StatusCode::OK]);
}

#[tokio::test]
async fn a_wrong_code_is_said_beside_its_field_and_a_right_one_still_passes() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let reset = begin(&browser, "zoe").await;
    take(&browser, &reset, "prove", &[("method", "1")]).await;

    let wrong = take(&browser, &reset, "code", &[("code", "000000")]).await;
    let empty = take(&browser, &reset, "code", &[("code", " ")]).await;
    let right = take(&browser, &reset, "code", &[("code", CODE)]).await;

    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("<a href=\"#code\">This code is not right, or no longer good</a>"));
    assert!(wrong.text.contains("id=\"code-problem\"") && !wrong.text.contains("value=\"000000\""));
    assert!(empty.text.contains("Enter the code"), "{}", empty.text);
    assert_eq!(right.location(), format!("{reset}/password"));
}

#[tokio::test]
async fn help_is_offered_after_ten_seconds_and_another_code_when_it_is_possible() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let reset = begin(&browser, "zoe").await;
    take(&browser, &reset, "prove", &[("method", "1")]).await;
    let code = format!("{reset}/code");

    let at_once = browser.get(&code).await.text;
    world.clock.advance(Duration::from_secs(10));
    let late = browser.get(&code).await.text;
    world.clock.advance(Duration::from_secs(20));
    let possible = browser.get(&code).await.text;
    world.clock.advance(Duration::from_secs(570));
    let dead = browser.get(&code).await.text;

    assert!(at_once.contains("content=\"10\"") && !at_once.contains("Nothing has arrived?"), "{at_once}");
    assert!(at_once.contains("in 30 s") && at_once.contains("17:20:30 UTC"), "{at_once}");
    assert!(late.contains("content=\"20\"") && late.contains("Nothing has arrived?"), "{late}");
    assert!(late.contains("in 20 s") && !late.contains("Send another code"), "{late}");
    assert!(possible.contains("Send another code"), "{possible}");
    assert!(at_once.contains("17:30:00 UTC</time> (<span>10 min left</span>)"), "{at_once}");
    assert!(possible.contains("content=\"30\"") && !possible.contains("no longer good"), "{possible}");
    assert!(dead.contains("This code is no longer good.") && !dead.contains("min left"), "{dead}");
}

#[tokio::test]
async fn a_page_that_looks_again_by_itself_holds_no_connection_meanwhile() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let reset = begin(&browser, "zoe").await;

    let still = browser.get(&format!("{reset}/prove")).await;
    take(&browser, &reset, "prove", &[("method", "1")]).await;
    let looking_again = browser.get(&format!("{reset}/code")).await;

    assert_eq!(still.headers.get(header::CONNECTION), None);
    assert_eq!(looking_again.headers.get(header::CONNECTION).unwrap(), "close");
}

#[tokio::test]
async fn a_send_that_is_limited_leaves_the_code_before_to_be_typed() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let reset = begin(&browser, "zoe").await;
    world.identity.refuse(Refusal::SendLimited(Some(Duration::from_secs(45))));

    let chosen = take(&browser, &reset, "prove", &[("method", "1")]).await;
    let shown = browser.get(chosen.location()).await;

    assert_eq!(chosen.location(), format!("{reset}/code"));
    assert!(
        shown.text.contains("in 45 s") && !shown.text.contains("The code is good until"),
        "{}",
        shown.text
    );
}

#[tokio::test]
async fn rules_are_shown_before_typing_and_those_that_were_broken_afterwards() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let reset = begin(&browser, "zoe").await;
    take(&browser, &reset, "prove", &[("method", "2")]).await;
    take(&browser, &reset, "code", &[("code", CODE)]).await;
    let page = format!("{reset}/password");

    let before = browser.get(&page).await.text;
    let differing = take(&browser, &reset, "password", &[("password", "one"), ("repeated", "two")]).await;
    // The page is shown before the form is sent: the rules of that are asked first.
    let shown = browser.get(&page).await;
    let hidden = [("form_token", shown.field("form_token")), ("request_id", shown.field("request_id"))];
    let hidden: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let broken = vec![PasswordRule::MinimumLength, PasswordRule::History];
    world.identity.refuse(Refusal::PasswordRefused(broken));
    let typed = [("password", "old password"), ("repeated", "old password")];
    let refused = browser.post(&page, &[&hidden[..], &typed].concat()).await;
    let evaluate = [("password", "short"), ("evaluate", "1")];
    let evaluated = browser.post(&page, &[&hidden[..], &evaluate].concat()).await;

    assert!(
        before.contains("data-rule=\"MINIMUM_LENGTH\"") && !before.contains("class=\"broken\""),
        "{before}"
    );
    assert!(before.contains(">has at least 8 characters</li>"), "{before}");
    assert!(before.contains("aria-label=\"Strength of the new password\" hidden></meter>"), "{before}");
    assert!(differing.text.contains("<a href=\"#repeated\">Enter the same password in both fields</a>"));
    assert!(refused.text.contains("data-rule=\"HISTORY\" class=\"broken\""), "{}", refused.text);
    let said = "Not met yet: has at least 8 characters; Not met yet: is not one that you had before";
    assert!(refused.text.contains(said), "{}", refused.text);
    assert!(!refused.text.contains("old password"));
    assert_eq!(evaluated.text, "MINIMUM_LENGTH broken\nCOMMON kept\n");
}

#[tokio::test]
async fn an_administrator_is_asked_with_the_reset_under_way() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let reset = begin(&browser, "zoe").await;
    world.identity.asked();

    let within = take(&browser, &reset, "help", &[("message", "I lost my phone")]).await;
    let without = browser.fill("/help", "/help", &[("login", "zoe"), ("message", "Locked out")]).await;

    assert_eq!((within.location(), without.location()), ("/help/sent", "/help/sent"));
    let expected = ["help zoe with token-of-zoe: I lost my phone", "help zoe with none: Locked out"];
    assert_eq!(world.identity.asked(), expected);
}

#[tokio::test]
async fn a_refusal_is_a_sentence_beside_the_login() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    world.identity.refuse(Refusal::Throttled(Some(Duration::from_secs(60))));

    let refused = browser.fill("/reset", "/reset", &[("login", "zoe")]).await;

    assert!(refused.text.contains("There were too many tries. Try again in 60 seconds"), "{}", refused.text);
    assert!(refused.text.contains("value=\"zoe\""), "{}", refused.text);
}

#[tokio::test]
async fn a_reset_that_identity_ended_begins_again() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let reset = begin(&browser, "zoe").await;
    world.identity.refuse(Refusal::ResetOver);

    let over = take(&browser, &reset, "prove", &[("method", "1")]).await;

    assert_eq!(over.status, StatusCode::GONE);
    assert!(over.text.contains("This reset is over") && over.text.contains("Start again"), "{}", over.text);
}

#[tokio::test]
async fn every_page_speaks_every_language() {
    let world = World::new();
    let mut browser = world.browser_of_acme().await;
    let reset = begin(&browser, "zoe").await;
    take(&browser, &reset, "prove", &[("method", "1")]).await;
    let in_reset = ["prove", "code", "help"].map(|page| format!("{reset}/{page}"));
    let others = [
        "/",
        "/organisation",
        "/reset",
        "/help",
        "/help/sent",
        "/reset/done",
        "/not-me/done",
        "/new-password/done",
    ];
    let others =
        others.into_iter().chain(["/sign-in", "/sign-in/access-pass", "/sign-in/passkey"]).map(str::to_owned);
    let pages: Vec<String> = in_reset.into_iter().chain(others).collect();

    for language in ["de", "fr", "es", "ja", "ar"] {
        browser.language = language;
        for page in &pages {
            let shown = browser.get(page).await;
            assert_eq!(shown.status, StatusCode::OK, "{page} in {language}: {}", shown.text);
            assert!(shown.text.contains(&format!("<html lang=\"{language}\"")), "{page} in {language}");
        }
    }
    let chosen = browser.get("/?lang=es").await;
    let after = browser.get("/reset").await;
    assert!(chosen.text.contains("<html lang=\"es\"") && after.text.contains("<html lang=\"es\""));
}
