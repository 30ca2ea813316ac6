//! Addresses and numbers that other products misread and have mended since: `docs/public-faults.md`.

use super::*;

fn email(text: &str) -> Result<String, InvalidAddress> {
    EmailAddress::parse(text).map(|address| address.as_str().to_owned())
}

fn mailbox(text: &str) -> String {
    EmailAddress::parse(text).unwrap().mailbox()
}

fn phone(text: &str) -> Result<String, InvalidAddress> {
    PhoneNumber::parse(text).map(|number| number.as_str().to_owned())
}

#[test]
fn a_quoted_local_part_carries_no_other_mailbox_and_no_command() {
    for smuggled in [
        // nodemailer, GHSA-mm7p-fcc7-pg87: it went to gmail.com.
        "\"xclow3n@gmail.com x\"@internal.domain",
        // go-mail #495, and with it mikel/mail #1646 and mail-send #42: it went to psres.net, with a parameter.
        "\"foo@psres.net> ORCPT=admin@admin.com\"@test.com",
        // MimeKit, CVE-2026-30227: the line ended within the quotes, and a command followed.
        "\"a\r\nRCPT TO:<victim@example.com>\"@example.org",
        "\"a\nDATA\"@example.org",
        "\"a\rRSET\"@example.org",
    ] {
        assert_eq!(email(smuggled), Err(InvalidAddress::Malformed), "{smuggled:?}");
    }
}

#[test]
fn a_comment_joins_no_two_domains() {
    // nodemailer, 902b63e: the first was read as good-corp.comevil.com.
    assert_eq!(email("user@good-corp.com(x)evil.com"), Err(InvalidAddress::BadDomain));
    assert_eq!(email("user@x.com(a(b)c)"), Err(InvalidAddress::BadDomain));
    assert_eq!(email("user@(x)good-corp.com"), Err(InvalidAddress::BadDomain));
    assert_eq!(email("user(x)@good-corp.com"), Err(InvalidAddress::Malformed));
}

#[test]
fn a_list_of_addresses_is_refused_by_its_length_alone() {
    // nodemailer, GHSA-2x7j-588g-ccc2: reading such lists took time that grew with the square of their length.
    for long in
        ["(".repeat(1 << 20), "a@example.com, ".repeat(1 << 16), "\"".repeat(1 << 20) + "@example.com"]
    {
        assert_eq!(email(&long), Err(InvalidAddress::TooLong));
    }
}

#[test]
fn a_punycode_label_that_encodes_nothing_is_no_other_name_of_a_domain() {
    // symfony/polyfill-intl-idn, CVE-2026-46644: such labels were taken for what they spell in ASCII.
    for disguised in ["xn--example-.org", "xn--Example-.org", "mail.xn--bank-.example", "xn--.org"] {
        assert_eq!(email(&format!("anna@{disguised}")), Err(InvalidAddress::BadDomain), "{disguised}");
    }
}

#[test]
fn a_domain_is_converted_whole_or_the_address_refused() {
    // nodemailer #1814: a label that does not convert left `user@undefined`.
    assert_eq!(email("user@xn--$.com"), Err(InvalidAddress::BadDomain));
    assert_eq!(email("jos\u{e9}@xn--$.com"), Err(InvalidAddress::BadDomain));
    let converted = Ok("jos\u{e9}@xn--bcher-kva.example".to_owned());
    assert_eq!(email("jos\u{e9}@b\u{fc}cher.example"), converted);
    assert_eq!(email("jos\u{e9}@xn--bcher-kva.example"), converted);
}

#[test]
fn a_domain_that_looks_like_another_is_another_and_has_one_form() {
    // Ghost #24457: a Cyrillic letter in a domain and its Punycode were two members, or the wrong one.
    let cyrillic = mailbox("anna@ex\u{430}mple.com");

    assert_eq!(cyrillic, "anna@xn--exmple-4nf.com");
    assert_eq!(mailbox("Anna@XN--EXMPLE-4NF.com"), cyrillic);
    assert_ne!(mailbox("anna@example.com"), cyrillic);
}

#[test]
fn blanks_and_hyphens_may_be_mixed_in_a_number() {
    // rust-phonenumber #83: the last two were read with the country code 1650.
    for spelling in ["+1 650 253 0000", "+1-650-253-0000", "+1 650-253-0000", "+1 (650) 253-0000"] {
        assert_eq!(phone(spelling), Ok("+16502530000".to_owned()), "{spelling}");
    }
}

#[test]
fn a_trunk_zero_behind_the_country_code_is_dropped() {
    // rust-phonenumber #93: the numbers were invalid, or kept the zero in E.164.
    assert_eq!(phone("+330631966543"), Ok("+33631966543".to_owned()));
    assert_eq!(phone("+33 (0)6 31 96 65 43"), Ok("+33631966543".to_owned()));
    assert_eq!(phone("+81 090-1234-5678"), Ok("+819012345678".to_owned()));
}
