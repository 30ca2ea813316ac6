use std::time::Duration;

use axum::http::{StatusCode, header};
use rekey_primitives::id::TenantId;

use super::browser::World;
use super::fake_identity::TENANT;
use crate::domain::{Look, Refusal};
use crate::peers::Logo;

/// Blue, with a logo.
fn dress(world: &World) {
    let look = Look::of("#0b57a4", &"ab".repeat(32));
    let logo = Logo { media_type: "image/png", version: look.logo.clone(), image: b"an image".to_vec() };
    world.identity.dress(look, Some(logo));
}

/// The address of a version of the logo.
fn logo_path(version: &str) -> String {
    format!("/look/logo/{TENANT}?v={version}")
}

/// A page as a browser reads its attributes.
async fn page(world: &World, path: &str) -> String {
    world.browser_of_acme().await.get(path).await.text.replace("&#x2f;", "/")
}

#[tokio::test]
async fn the_pages_of_an_organisation_have_its_look_and_those_of_nobody_none() {
    let world = World::new();
    let plain = page(&world, "/").await;
    dress(&world);

    let (dressed, of_nobody) = (page(&world, "/").await, page(&world, "/organisation").await);

    let style = "<link rel=\"stylesheet\" href=\"/look/style/0b57a4?v=";
    let logo = format!("<img class=\"logo\" src=\"/look/logo/{TENANT}?v=abababababababab\" alt=\"Acme\">");
    assert!(dressed.contains(style) && dressed.contains(&logo), "{dressed}");
    assert!(plain.contains("<p>Acme</p>") && !plain.contains("/look/"), "{plain}");
    assert!(!of_nobody.contains("/look/"), "{of_nobody}");
}

#[tokio::test]
async fn the_very_first_page_of_the_only_organisation_has_its_look() {
    let world = World::of(TenantId::parse(TENANT).ok());
    dress(&world);

    let first = world.browser().get("/").await;

    assert_eq!(first.status, StatusCode::OK);
    assert!(first.text.contains("class=\"logo\"") && first.text.contains("0b57a4"), "{}", first.text);
}

#[tokio::test]
async fn a_look_may_be_kept_by_everybody_and_sets_no_cookie() {
    let world = World::new();
    dress(&world);
    let browser = world.browser();

    let style = browser.get(concat!("/look/style/0b57a4?v=", env!("CARGO_PKG_VERSION"))).await;
    let logo = browser.get(&logo_path("abababababababab")).await;

    assert!(style.text.contains("--accent: #0b57a4;") && style.text.contains("(prefers-color-scheme: dark)"));
    assert_eq!(style.headers[header::CONTENT_TYPE], "text/css; charset=utf-8");
    assert_eq!(logo.text, "an image");
    assert_eq!(logo.headers[header::CONTENT_TYPE], "image/png");
    for headers in [style.headers, logo.headers] {
        assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=86400");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(!headers.contains_key(header::SET_COOKIE));
    }
    assert_eq!(world.identity.asked(), [format!("logo of {TENANT}")]);
}

#[tokio::test]
async fn identity_is_asked_for_a_logo_once_in_a_while() {
    let world = World::new();
    dress(&world);
    let (browser, other, path) = (world.browser(), world.browser(), logo_path("abababababababab"));

    let shown = [browser.get(&path).await.text, other.get(&path).await.text];
    let asked = world.identity.asked().len();
    world.clock.advance(Duration::from_secs(5 * 60));
    browser.get(&path).await;

    assert_eq!((shown, asked), (["an image".to_owned(), "an image".to_owned()], 1));
    assert_eq!(world.identity.asked().len(), 1);
}

#[tokio::test]
async fn a_logo_is_kept_by_nobody_under_the_address_of_another() {
    let world = World::new();
    dress(&world);
    let (browser, path) = (world.browser(), logo_path("cdcdcdcdcdcdcdcd"));

    let answers = [browser.get(&path).await, browser.get(&path).await];

    for answer in answers {
        assert_eq!(answer.text, "an image");
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    }
    assert_eq!(world.identity.asked().len(), 2);
}

#[tokio::test]
async fn a_look_that_nobody_has_is_not_there() {
    let world = World::new();
    let browser = world.browser();

    for path in ["style/777777", "style/0b57a", "style/0b57a4%3B", "style/blue", "logo/acme"] {
        let absent = browser.get(&format!("/look/{path}")).await;

        assert_eq!(absent.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(absent.headers[header::CACHE_CONTROL], "no-store", "{path}");
    }
    assert_eq!(world.identity.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn no_logo_and_no_organisation_look_alike() {
    let world = World::new();
    let browser = world.browser();
    let path = format!("/look/logo/{TENANT}");

    let none = browser.get(&path).await;
    world.identity.refuse(Refusal::OrganisationUnknown);
    let unknown = browser.get(&path).await;

    assert_eq!((none.status, unknown.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(none.text, unknown.text);
}

#[tokio::test]
async fn the_portal_of_one_organisation_shows_no_other_ones_logo() {
    let world = World::of(TenantId::parse(TENANT).ok());
    dress(&world);
    let other = "/look/logo/0190c3a5-7e1c-7b2a-9f00-0123456789ac";

    let refused = world.browser().get(other).await;

    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    assert_eq!(world.identity.asked(), Vec::<String>::new());
}
