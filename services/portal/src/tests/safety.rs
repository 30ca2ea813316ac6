use axum::http::{StatusCode, header};

use super::browser::{NOTES, World};
use super::fake_sign_ins::signed_in;

#[tokio::test]
async fn a_form_from_elsewhere_is_refused_and_asks_nobody() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let token = browser.get("/reset").await.field("form_token");
    let fields = [("form_token", token.as_str()), ("login", "zoe")];
    let elsewhere = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];

    let refused = browser.post_from("/reset", &fields, &elsewhere).await;
    let unsaid = browser.post_from("/reset", &fields, &[]).await;

    assert_eq!((refused.status, unsaid.status), (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN));
    assert_eq!(world.identity.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_form_token_is_of_one_browser_and_one_form() {
    let world = World::new();
    let (ours, other) = (world.browser_of_acme().await, world.browser_of_acme().await);
    let of_other = other.get("/reset").await.field("form_token");
    let of_help = ours.get("/help").await.field("form_token");

    for token in [of_other.as_str(), of_help.as_str(), "", "AAAA"] {
        let refused = ours.post("/reset", &[("form_token", token), ("login", "zoe")]).await;

        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{token}");
        assert!(refused.text.contains("This page was open for too long"), "{}", refused.text);
    }
    assert_eq!(world.identity.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn every_answer_tells_browsers_to_trust_nothing_else() {
    let world = World::new();
    let browser = world.browser_of_acme().await;

    for path in ["/", "/reset", "/nowhere", "/reset/AAAAAAAA/code", "/assets/style.css"] {
        let headers = browser.get(path).await.headers;

        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("frame-src"), "{path}");
        assert_eq!(headers[header::X_FRAME_OPTIONS], "DENY", "{path}");
        assert_eq!(headers[header::STRICT_TRANSPORT_SECURITY], "max-age=31536000", "{path}");
        let is_kept = path.starts_with("/assets/");
        assert_eq!(headers[header::CACHE_CONTROL] == "no-store", !is_kept, "{path}");
    }
}

/// While replicas are replaced one by one, a page of one release asks another one for its files.
#[tokio::test]
async fn files_are_kept_under_addresses_of_this_release_alone() {
    let world = World::new();
    let browser = world.browser();

    for path in ["/assets/style.css", "/assets/passkey.js", "/look/style/0b57a4"] {
        let own = browser.get(&format!("{path}?v={}", env!("CARGO_PKG_VERSION"))).await;
        let foreign = browser.get(&format!("{path}?v=0.0.0")).await;

        assert_eq!((own.status, &own.text), (StatusCode::OK, &foreign.text), "{path}");
        assert_ne!(own.headers[header::CACHE_CONTROL], "no-store", "{path}");
        assert_eq!(foreign.headers[header::CACHE_CONTROL], "no-store", "{path}");
    }
}

#[tokio::test]
async fn cookies_are_of_this_host_and_hold_nothing_that_reads() {
    let world = World::new();
    let browser = world.browser_of_acme().await;

    let begun = browser.fill("/reset", "/reset", &[("login", "zoe")]).await;

    assert!(browser.cookie_names().iter().all(|name| name.starts_with("__Host-")));
    for cookie in begun.headers.get_all(header::SET_COOKIE) {
        let cookie = cookie.to_str().unwrap();
        assert!(
            cookie.contains("; Secure; HttpOnly; SameSite=Lax") && !cookie.contains("token-of-zoe"),
            "{cookie}"
        );
    }
    assert!(!begun.location().contains("token") && !begun.location().contains("zoe"));
}

#[tokio::test]
async fn a_page_that_is_not_there_and_a_form_that_is_too_large_are_told_apart() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let long = "x".repeat(20_000);

    let nowhere = browser.get("/nowhere").await;
    let no_reset = browser.get("/reset/short/code").await;
    let ended = browser.get("/reset/AAAAAAAA/code").await;
    let large = browser.post("/reset", &[("login", long.as_str())]).await;

    assert_eq!((nowhere.status, no_reset.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!((ended.status, large.status), (StatusCode::GONE, StatusCode::PAYLOAD_TOO_LARGE));
    assert!(nowhere.text.contains("There is no such page") && large.text.contains("That was too much"));
}

#[tokio::test]
async fn a_path_that_is_no_text_is_no_page_of_ours() {
    let world = World::new();
    let browser = world.browser_of_acme().await;

    for path in ["/o/%ff", "/reset/%C3/code", "/%80", "/administration/accounts/%FF%FE"] {
        let nowhere = browser.get(path).await;

        assert_eq!(nowhere.status, StatusCode::NOT_FOUND, "{path}");
        assert!(nowhere.text.contains("There is no such page"), "{path}: {}", nowhere.text);
        assert_eq!(nowhere.headers[header::X_FRAME_OPTIONS], "DENY", "{path}");
    }
    assert_eq!(world.identity.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn only_who_is_signed_in_sends_forms_as_large_as_the_settings_say() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let stranger = browser.post(NOTES, &[("note", "short")]).await;
    world.identity.will_say(signed_in());
    browser.fill("/sign-in", "/sign-in", &[("login", "zoe"), ("password", "correct horse")]).await;
    let token = browser.get(NOTES).await.field("form_token");
    let (large, larger) = ("x".repeat(20_000), "x".repeat(40_000));

    let taken = browser.post(NOTES, &[("form_token", token.as_str()), ("note", large.as_str())]).await;
    let refused = browser.post(NOTES, &[("form_token", token.as_str()), ("note", larger.as_str())]).await;

    assert_eq!(stranger.location(), "/sign-in?next=%2Fnotes");
    assert_eq!((taken.status, taken.text.as_str()), (StatusCode::OK, "20000 characters"));
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_form_with_too_many_fields_is_not_taken_in_part() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let token = browser.get("/reset").await.field("form_token");
    let first = [("form_token", token.as_str()), ("login", "zoe")];

    let refused = browser.post("/reset", &[&first[..], &[("more", ""); 400][..]].concat()).await;

    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(world.identity.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn who_names_no_organisation_is_asked_and_goes_nowhere_else() {
    let world = World::new();
    let browser = world.browser();

    let asked = browser.get("/reset").await;
    let typed = [("organisation", "zoe@acme.example")];
    let named = browser.fill("/organisation", "/organisation", &typed).await;
    let start = browser.get(named.location()).await;

    assert_eq!((asked.location(), named.location()), ("/organisation", "/"));
    assert!(
        start.text.contains("I forgot my password") && start.text.contains("<p>Acme</p>"),
        "{}",
        start.text
    );
    assert_eq!(world.identity.asked(), ["find Domain(\"acme.example\")"]);
}

/// Of a login that nobody has identity says the same as of one that somebody has; so do the pages, but for what is drawn anew.
#[tokio::test]
async fn an_unknown_login_and_a_known_one_give_pages_of_the_same_size() {
    let world = World::new();
    let mut sizes = Vec::new();

    for login in ["zoe", "nobody"] {
        let browser = world.browser_of_acme().await;
        let begun = browser.fill("/reset", "/reset", &[("login", login)]).await;
        sizes.push(browser.get(begun.location()).await.text.len());
    }

    assert_eq!(sizes[0], sizes[1]);
}

#[tokio::test]
async fn a_page_is_small() {
    let world = World::new();
    let browser = world.browser_of_acme().await;

    let mut bytes = 0;
    for path in ["/sign-in", "/assets/style.css", "/assets/portal.js", "/assets/passkey.js"] {
        bytes += browser.get(path).await.text.len();
    }

    assert!(bytes < 60_000, "{bytes} bytes");
}
