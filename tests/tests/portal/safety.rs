//! Requests that no browser of an honest person sends, and what browsers are told. Stores make no difference to it.

use rekey_tests::visitor::Visitor;
use rekey_tests::{Stores, World, on_stores};

/// The largest form of somebody who is not signed in.
const LARGEST_FORM: usize = 16_384;

on_stores!(embedded Embedded: nothing_comes_of_requests_that_no_honest_browser_sends);

/// Each of these has people of its own, so one suite serves them all.
async fn nothing_comes_of_requests_that_no_honest_browser_sends(stores: Stores) {
    let world = World::start(stores).await;
    every_page_is_kept_by_nobody_and_framed_by_nobody(&world).await;
    cookies_are_of_this_host_alone_and_hidden_from_scripts(&world).await;
    a_form_from_elsewhere_changes_nothing(&world).await;
    a_form_that_is_too_large_is_refused(&world).await;
    nobody_is_sent_to_another_site(&world).await;
    what_somebody_planted_in_a_browser_opens_nothing(&world).await;
    world.stop().await;
}

async fn every_page_is_kept_by_nobody_and_framed_by_nobody(world: &World) {
    let zoe = world.person("zoe-1").await;
    let mut visitor = Visitor::of(world).await;
    let (reset, _) = visitor.begin(&zoe.login).await;
    let of_reset = ["prove", "code", "password", "help"].map(|page| format!("{reset}/{page}"));
    let others = ["/", "/organisation", "/reset", "/reset/done", "/help", "/help/sent", "/nowhere"];
    let ended = "/reset/AAAAAAAA/code";

    for path in of_reset.iter().map(String::as_str).chain(others).chain([ended]) {
        let answer = visitor.get(path).await;

        let policy = answer.values("Content-Security-Policy").concat();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("frame-src"),
            "{path}: {policy}"
        );
        assert_eq!(answer.values("X-Frame-Options"), ["DENY"], "{path}");
        assert_eq!(answer.values("Cache-Control"), ["no-store"], "{path}");
        assert_eq!(answer.values("X-Content-Type-Options"), ["nosniff"], "{path}");
        assert_eq!(answer.values("Referrer-Policy"), ["same-origin"], "{path}");
    }
}

async fn cookies_are_of_this_host_alone_and_hidden_from_scripts(world: &World) {
    let zoe = world.person("zoe-2").await;
    let mut visitor = Visitor::of(world).await;

    let (_, begun) = visitor.begin(&zoe.login).await;
    let chosen = visitor.get("/?lang=de").await;

    let cookies = [begun.values("Set-Cookie"), chosen.values("Set-Cookie")].concat();
    assert!(cookies.len() >= 2, "{cookies:?}");
    for cookie in cookies {
        assert!(cookie.starts_with("__Host-") && cookie.contains("; Path=/;"), "{cookie}");
        assert!(cookie.contains("; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
        assert!(!cookie.contains("Domain") && !cookie.contains(&zoe.login), "{cookie}");
    }
}

async fn a_form_from_elsewhere_changes_nothing(world: &World) {
    let zoe = world.person("zoe-3").await;
    let (mut visitor, mut other) = (Visitor::of(world).await, Visitor::of(world).await);
    let (reset, _) = visitor.begin(&zoe.login).await;
    let prove = format!("{reset}/prove");
    let ours = visitor.hidden_of(&prove).await;
    let of_another_path = visitor.hidden_of("/help").await;
    let of_another_browser = other.hidden_of("/reset").await;
    let evil = [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")];
    let sandboxed = [("Origin", "null")];
    let form = format!("{ours}&method=1");

    let start = format!("{of_another_browser}&login=zoe");
    let mut refused = vec![visitor.post("/reset", &start).await.status];
    for hidden in [of_another_path.as_str(), "form_token=AAAA", ""] {
        refused.push(visitor.post(&prove, &format!("{hidden}&method=1")).await.status);
    }
    for from in [&evil[..], &sandboxed, &[]] {
        refused.push(visitor.post_from(&prove, from, &form).await.status);
    }
    world.settled().await;
    let sent_by_then = world.mail_to(&zoe.login);
    let taken = visitor.post(&prove, &form).await;

    assert_eq!(refused, [403; 7]);
    assert_eq!(sent_by_then, []);
    assert_eq!((taken.status, taken.values("Location").concat()), (303, format!("{reset}/code")));
    world.code_for(&zoe.login).await;
}

async fn a_form_that_is_too_large_is_refused(world: &World) {
    let mut visitor = Visitor::of(world).await;
    let hidden = visitor.hidden_of("/help").await;
    let start = format!("{hidden}&login=zoe&message=");
    let of_bytes = |bytes: usize| format!("{start}{}", "x".repeat(bytes - start.len()));

    let largest = visitor.post("/help", &of_bytes(LARGEST_FORM)).await;
    let larger = visitor.post("/help", &of_bytes(LARGEST_FORM + 1)).await;

    // The largest is read, and its message found too long.
    assert_eq!((largest.status, larger.status), (422, 413));
}

async fn nobody_is_sent_to_another_site(world: &World) {
    let mut visitor = Visitor::of(world).await;
    let paths = [
        "/o/acme?next=https://evil.example",
        "/o/acme?return_to=//evil.example",
        "/o/%2F%2Fevil.example",
        "/o/https:%2F%2Fevil.example",
        "/organisation?next=//evil.example",
        "/reset?lang=//evil.example",
        "//evil.example",
        "//evil.example/o/acme",
        "/%5Cevil.example",
        "/reset/done?next=https://evil.example",
    ];

    for path in paths {
        let answer = visitor.get(path).await;

        let is_ours = |to: &&str| to.starts_with('/') && !to.starts_with("//") && !to.contains('\\');
        let places = answer.values("Location");
        assert!(places.iter().all(is_ours), "{path}: {places:?}");
        assert!(!answer.body.contains("href=\"//") && !answer.body.contains("href=\"http"), "{path}");
    }
    assert_eq!(visitor.get(paths[0]).await.values("Location"), ["/"]);
}

/// Whoever could write a cookie into somebody's browser would wait there for what they do with it (session fixation).
async fn what_somebody_planted_in_a_browser_opens_nothing(world: &World) {
    let (zoe, mallory) = (world.person("zoe-6").await, world.person("mallory-6").await);
    let (mut visitor, mut thief) = (Visitor::of(world).await, Visitor::of(world).await);
    let (reset, _) = visitor.begin(&zoe.login).await;
    let (stolen, _) = thief.begin(&mallory.login).await;
    let cookie_of = |reset: &str| reset.replace("/reset/", "__Host-rekey-reset-");
    let planted = thief.cookies[&cookie_of(&stolen)].clone();
    let form_secret = "__Host-rekey-form";

    visitor.cookies.insert(cookie_of(&reset), planted);
    let under_another_name = visitor.get(&format!("{reset}/prove")).await;
    visitor.cookies.insert(form_secret.to_owned(), "AAAAAAAAAAAAAAAAAAAAAAAA".to_owned());
    visitor.get("/reset").await;
    let drawn_anew = visitor.cookies[form_secret].clone();
    let of_thief = thief.hidden_of("/help").await;
    let with_their_token = visitor.post("/help", &format!("{of_thief}&login=zoe")).await;

    assert_eq!(under_another_name.status, 410);
    assert!(drawn_anew.len() > 40, "{drawn_anew}");
    assert_eq!(with_their_token.status, 403);
}
