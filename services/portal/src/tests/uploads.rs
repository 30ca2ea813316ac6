use axum::http::StatusCode;

use super::browser::{Answer, Browser, FILES, World};

async fn upload(browser: &Browser, token: &str, file: &[u8]) -> Answer {
    browser.upload(FILES, &[("form_token", token), ("owner", "Zoë")], file).await
}

#[tokio::test]
async fn a_file_comes_with_the_fields_of_its_form() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let token = browser.get(FILES).await.field("form_token");

    let taken = upload(&browser, &token, b"\x89PNG\r\n\xff\x00ab").await;
    let none = upload(&browser, &token, b"").await;

    assert_eq!((taken.status, taken.text.as_str()), (StatusCode::OK, "10 bytes of Zoë"));
    assert_eq!(none.text, "0 bytes of Zoë");
}

#[tokio::test]
async fn a_file_without_the_token_of_its_form_is_refused() {
    let world = World::new();
    let (browser, other) = (world.browser_of_acme().await, world.browser_of_acme().await);
    let of_other = other.get(FILES).await.field("form_token");
    let of_help = browser.get("/help").await.field("form_token");

    for token in [of_other.as_str(), of_help.as_str(), "", "AAAA"] {
        let refused = upload(&browser, token, b"image").await;

        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{token}");
    }
}

#[tokio::test]
async fn a_form_with_a_file_is_taken_in_its_own_encoding_alone() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let token = browser.get(FILES).await.field("form_token");

    let plain = browser.post(FILES, &[("form_token", token.as_str()), ("owner", "Zoë")]).await;

    assert_eq!(plain.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_form_with_a_file_is_bounded() {
    let world = World::new();
    let browser = world.browser_of_acme().await;
    let token = browser.get(FILES).await.field("form_token");

    // What stands around the file takes less than 1 KiB.
    let large = upload(&browser, &token, &vec![0; 63 * 1024]).await;
    let larger = upload(&browser, &token, &vec![0; 64 * 1024]).await;

    assert_eq!((large.status, larger.status), (StatusCode::OK, StatusCode::PAYLOAD_TOO_LARGE));
}
