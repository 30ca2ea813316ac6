//! What administrators and people write of tenants and of themselves.

use super::help::Message;
use super::region::Region;
use super::tenant::{DomainName, Handle, HelpUrl, display_name};

#[test]
fn names_and_links_that_are_taken_are_stable() {
    let samples: &[&[u8]] =
        &[b"acme-1", "bücher.example".as_bytes(), b"https://help.acme.example/a?b#c", b"eu-west-1"];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let typed = String::from_utf8_lossy(bytes);
        let _ = display_name(&typed);
        if let Ok(handle) = Handle::parse(&typed) {
            assert_eq!(handle.as_str(), typed);
        }
        if let Some(region) = Region::parse(&typed) {
            assert_eq!(region.as_str(), typed);
        }
        if let Ok(domain) = DomainName::parse(&typed) {
            assert!(DomainName::parse(domain.as_str()).is_ok_and(|again| again.as_str() == domain.as_str()));
        }
        if let Ok(url) = HelpUrl::parse(&typed) {
            // It stands in an attribute of a page.
            assert!(url.as_str().starts_with("https://") && !url.as_str().contains(['"', '<', '>', ' ']));
        }
    });
}

#[test]
fn a_request_for_help_that_is_taken_is_plain_and_stable() {
    let samples: &[&[u8]] =
        &[b" I lost my phone.\r\nCall me. ", "a\u{202e}b\u{2028}c".as_bytes(), b"see https://evil.example"];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let Ok(message) = Message::parse(&String::from_utf8_lossy(bytes)) else { return };
        let text = message.as_str();
        assert!(!text.contains("://") && !text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        assert!(Message::parse(text).is_ok_and(|again| again.as_str() == text));
    });
}
