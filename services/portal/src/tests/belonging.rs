use axum::http::StatusCode;
use rekey_primitives::id::TenantId;
use rekey_wire::identity::v1::{ChallengeKind, MethodKind};

use super::browser::{Browser, MEMBERS, World};
use super::fake_identity::{CODE, TENANT};
use super::fake_sign_ins::{asked, signed_in};

/// The pages that act for the organisation that the browser belongs to, and what is typed there.
const PAGES: [(&str, &[(&str, &str)]); 5] = [
    ("/sign-in", &[("login", "zoe"), ("password", "correct horse")]),
    ("/sign-in/access-pass", &[("login", "zoe"), ("access_pass", "ABCD 2345")]),
    ("/sign-in/passkey", &[("credential", "{}")]),
    ("/reset", &[("login", "zoe")]),
    ("/help", &[("login", "zoe"), ("message", "Locked out")]),
];

#[tokio::test]
async fn what_is_typed_for_one_organisation_never_goes_to_another() {
    let world = World::new();
    for (page, typed) in PAGES {
        let browser = world.browser_of_acme().await;
        let hidden = browser.hidden_of(page).await;
        let hidden = hidden.iter().map(|(name, value)| (*name, value.as_str()));
        let fields: Vec<(&str, &str)> = hidden.chain(typed.iter().copied()).collect();
        browser.get("/o/globex").await;
        world.identity.asked();

        let refused = browser.post(page, &fields).await;
        let asked = world.identity.asked();
        browser.get("/o/acme").await;
        let taken = browser.post(page, &fields).await;

        assert_eq!((refused.status, asked), (StatusCode::FORBIDDEN, Vec::<String>::new()), "{page}");
        assert!(refused.text.contains("This page was open for too long"), "{page}: {}", refused.text);
        assert_ne!(taken.status, StatusCode::FORBIDDEN, "{page}");
    }
}

#[tokio::test]
async fn a_form_of_an_organisation_is_none_for_a_browser_that_belongs_to_none() {
    let world = World::new();
    let browser = world.browser();

    let refused = browser.post("/sign-in", &[("login", "zoe"), ("password", "correct horse")]).await;

    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(world.identity.asked(), Vec::<String>::new());
}

/// Whether a page is of no organisation, by its header and all that it says.
async fn is_plain(browser: &Browser, page: &str) -> bool {
    let text = browser.get(page).await.text;
    text.contains("<p>Account access</p>")
        && !text.contains("Acme")
        && !text.to_lowercase().contains("globex")
}

#[tokio::test]
async fn a_reset_has_the_look_of_no_other_organisation() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let begun = browser.fill("/reset", "/reset", &[("login", "zoe")]).await;
    let reset = begun.location().strip_suffix("/prove").unwrap();
    let [prove, code, password, help] =
        ["prove", "code", "password", "help"].map(|page| format!("{reset}/{page}"));
    let own = browser.get(&prove).await.text;
    browser.get("/o/globex").await;

    let mut plain = vec![is_plain(&browser, &prove).await, is_plain(&browser, &help).await];
    browser.fill(&prove, &prove, &[("method", "1")]).await;
    plain.push(is_plain(&browser, &code).await);
    browser.fill(&code, &code, &[("code", CODE)]).await;
    plain.push(is_plain(&browser, &password).await);
    let typed = [("password", "correct horse"), ("repeated", "correct horse")];
    let done = browser.fill(&password, &password, &typed).await;
    plain.push(is_plain(&browser, done.location()).await);

    assert!(own.contains("<p>Acme</p>"), "{own}");
    assert_eq!((plain, done.location()), (vec![true; 5], "/reset/done"));
    assert_eq!(world.identity.asked().last().unwrap(), "complete proved-token-of-zoe");
    assert_eq!(browser.get("/sign-in").await.location(), "/organisation");
}

#[tokio::test]
async fn help_that_is_asked_for_in_a_reset_is_of_its_organisation() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let begun = browser.fill("/reset", "/reset", &[("login", "zoe")]).await;
    let help = begun.location().replace("/prove", "/help");
    browser.get("/o/globex").await;

    let sent = browser.fill(&help, &help, &[("message", "I lost my phone")]).await;

    assert_eq!(sent.location(), "/help/sent");
    assert!(is_plain(&browser, "/help/sent").await);
}

#[tokio::test]
async fn who_signs_in_sees_the_look_of_no_other_organisation() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let typed = [("login", "zoe"), ("password", "correct horse")];
    world.identity.will_say(asked("first", ChallengeKind::SecondFactor, &[MethodKind::Authenticator]));
    let asked = browser.fill("/sign-in", "/sign-in", &typed).await.location().to_owned();
    let own = browser.get(&asked).await.text;
    browser.get("/o/globex").await;
    world.identity.will_say(signed_in());

    let before = is_plain(&browser, &asked).await;
    browser.fill(&asked, &asked, &[("factor", "authenticator"), ("code", CODE)]).await;
    let after = is_plain(&browser, MEMBERS).await;
    browser.get("/o/acme").await;
    let again = browser.get(MEMBERS).await.text;

    assert!(own.contains("<p>Acme</p>") && again.contains("<p>Acme</p>"), "{own} {again}");
    assert!(before && after);
}

#[tokio::test]
async fn a_mailed_link_has_a_look_where_there_is_only_one_organisation() {
    let several = World::new();
    let only = World::of(TenantId::parse(TENANT).ok());

    let (of_several, of_only) = (several.browser_of_acme().await, only.browser());
    of_only.get("/").await;
    for browser in [&of_several, &of_only] {
        browser.get("/not-me?token=abc").await;
    }

    assert!(is_plain(&of_several, "/not-me").await);
    assert!(of_only.get("/not-me").await.text.contains("<p>Acme</p>"));
}

#[tokio::test]
async fn an_organisation_with_a_help_page_of_its_own_leads_there() {
    let world = World::new();
    let browser = world.browser();
    browser.get("/o/globex").await;

    let page = browser.get("/help").await.text;

    let link = "href=\"https://help.globex.example\" rel=\"noreferrer\">Go to the help page</a>";
    assert!(page.contains(link) && !page.contains("<textarea"), "{page}");
}
