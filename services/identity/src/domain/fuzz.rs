//! What administrators and people write of tenants and of themselves.

use secrecy::{ExposeSecret as _, SecretString};

use super::help::Message;
use super::password::rules::PasswordContext;
use super::password::{Password, evaluate};
use super::policy::PasswordRules;
use super::recovery_codes::canonical;
use super::region::Region;
use super::tenant::{DomainName, Handle, HelpUrl, display_name};
use super::totp::{Totp, TotpHash};

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

#[test]
fn what_is_typed_to_prove_oneself_has_one_form() {
    let samples: &[&[u8]] =
        &["Zu\u{308}rich-e\u{301}te\u{301}".as_bytes(), b"k3f9-0oil-QZ7M-2222", "١٢٣ ４５６".as_bytes()];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let typed = SecretString::from(String::from_utf8_lossy(bytes).into_owned());
        let password = Password::typed(&typed);
        assert_eq!(Password::typed(password.secret()).expose(), password.expose());
        let _ = evaluate(&password, &PasswordRules::default(), &PasswordContext::default());
        let code = canonical(&typed);
        assert_eq!(canonical(&code).expose_secret(), code.expose_secret());
    });
}

#[test]
fn no_name_breaks_out_of_the_address_that_an_app_reads() {
    rekey_testing::fuzz(&["Zoë & Söhne: 50 %?".as_bytes(), b"a@x.example&digits=1"], |bytes: &[u8]| {
        let name = String::from_utf8_lossy(bytes);
        let uri = Totp { hash: TotpHash::Sha1, digits: 6 }.otpauth_uri("KEY", &name, &name);
        let (label, parameters) = uri.split_once('?').unwrap();
        assert!(
            uri.is_ascii() && label.matches(':').count() == 2 && label.matches('/').count() == 3,
            "{uri}"
        );
        let names: Vec<&str> =
            parameters.split('&').map(|parameter| parameter.split('=').next().unwrap()).collect();
        assert_eq!(names, ["secret", "issuer", "algorithm", "digits", "period"], "{uri}");
    });
}
