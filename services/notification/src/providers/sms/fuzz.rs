//! What a gateway answers when it refuses.

use http::HeaderValue;

use super::*;

#[test]
fn an_answer_is_told_by_its_codes_and_none_of_its_words() {
    let samples: &[&[u8]] = &[
        b"429\n30\n{\"code\": 20429, \"message\": \"too many\"}",
        b"503\nSun, 29 Nov 2026 23:05:00 GMT\n<html>+15005550100 is not here</html>",
        b"400\n18446744073709551615\n{\"code\": 21211}",
    ];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let mut parts = text.splitn(3, '\n');
        let mut part = || parts.next().unwrap_or_default();
        let Some(status) = part().parse().ok().and_then(|status| StatusCode::from_u16(status).ok()) else {
            return;
        };
        let mut headers =
            HeaderMap::from_iter([(DATE, HeaderValue::from_static("Sun, 29 Nov 2026 23:00:00 GMT"))]);
        headers.extend(HeaderValue::from_str(part()).ok().map(|wait| (RETRY_AFTER, wait)));
        let code = serde_json::from_str::<Problem>(part()).ok().and_then(|problem| problem.code);

        let (failure, _) = (refused(status, code), retry_after(&headers));

        let told = failure.detail.replace("HTTP", "").replace("code", "");
        assert!(told.chars().all(|c| c == ' ' || c.is_ascii_digit()), "{}", failure.detail);
    });
}
