use axum::http::StatusCode;

use super::browser::World;

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
