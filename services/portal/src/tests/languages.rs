use axum::http::StatusCode;

use super::browser::World;

#[tokio::test]
async fn another_language_keeps_what_was_asked_of_a_page() {
    let world = World::new();
    let browser = world.browser_of_acme().await;

    let asked = browser.get("/sign-in?next=%2Faccount%2Fsessions&lang=fr").await;
    let plain = browser.get("/sign-in").await;
    let chosen = browser.get("/sign-in?lang=de&next=%2Faccount%2Fsessions").await;

    let german = "<a href=\"?lang=de&amp;next=%2Faccount%2Fsessions\" lang=\"de\"";
    assert!(asked.text.contains(german) && !asked.text.contains("lang=fr"), "{}", asked.text);
    assert!(plain.text.contains("<a href=\"?lang=de\" lang=\"de\""), "{}", plain.text);
    assert_eq!(chosen.status, StatusCode::OK);
    assert!(chosen.text.contains("<html lang=\"de\"") && chosen.field("next") == "/account/sessions");
}

#[tokio::test]
async fn another_language_keeps_no_token_and_no_way_to_another_site() {
    let world = World::new();
    let browser = world.browser_of_acme().await;

    for path in ["/sign-in?next=//evil.example", "/not-me?token=%22secret", "/reset?lang=//evil.example"] {
        let shown = browser.get(path).await;

        assert!(shown.text.contains("<a href=\"?lang=de\" lang=\"de\""), "{path}: {}", shown.text);
        assert!(!shown.text.contains("evil") && !shown.text.contains("secret"), "{path}: {}", shown.text);
    }
}
